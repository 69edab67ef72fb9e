/* The Python face: takes bytes, lets go of the interpreter's lock, gives bytes. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include "csv_to_json.h"
#include "json_to_csv.h"

/* Whether all items are bytes, and there is one at least. Sets an exception where not. */
static int are_bytes(PyObject *items)
{
    Py_ssize_t count = PyTuple_Size(items);
    for (Py_ssize_t i = 0; i < count; i++)
        if (!PyBytes_Check(PyTuple_GetItem(items, i)))
            count = 0;
    if (count > 0)
        return 1;
    PyErr_SetString(PyExc_TypeError, "bytes were expected, one for each column");
    return 0;
}

static PyObject *as_bytes(const Out *out)
{
    return PyBytes_FromStringAndSize((const char *)out->start, out->at - out->start);
}

static PyObject *rows_given(const CsvRows *rows)
{
    PyObject *json = as_bytes(&rows->json), *ends = as_bytes(&rows->ends);
    PyObject *breaks = rows->broken ? as_bytes(&rows->breaks) : Py_NewRef(Py_None);
    if (json == NULL || ends == NULL || breaks == NULL) {
        Py_XDECREF(json);
        Py_XDECREF(ends);
        Py_XDECREF(breaks);
        return NULL;
    }
    return Py_BuildValue("NNNnn", json, ends, breaks, (Py_ssize_t)rows->length, (Py_ssize_t)rows->lines);
}

static PyObject *py_csv_to_json(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *data, *members;
    int delimiter;
    if (!PyArg_ParseTuple(args, "SO!i", &data, &PyTuple_Type, &members, &delimiter) || !are_bytes(members))
        return NULL;
    size_t columns = (size_t)PyTuple_Size(members);
    Piece *pieces = calloc(columns, sizeof *pieces);
    if (pieces == NULL)
        return PyErr_NoMemory();
    for (size_t i = 0; i < columns; i++) {
        PyObject *member = PyTuple_GetItem(members, (Py_ssize_t)i);
        pieces[i] = (Piece){(const byte *)PyBytes_AsString(member), (size_t)PyBytes_Size(member)};
    }
    const byte *text = (const byte *)PyBytes_AsString(data);
    size_t length = (size_t)PyBytes_Size(data);
    CsvShape shape = {pieces, columns, (byte)delimiter};
    CsvRows rows;
    Status status;
    Py_BEGIN_ALLOW_THREADS
    status = csv_to_json(text, length, &shape, &rows);
    Py_END_ALLOW_THREADS
    PyObject *given = NULL;
    if (status == OK)
        given = rows_given(&rows);
    else if (status == NO_MEMORY)
        PyErr_NoMemory();
    else
        given = Py_NewRef(Py_None);
    free(rows.json.start);
    free(rows.ends.start);
    free(rows.breaks.start);
    free(pieces);
    return given;
}

static PyObject *py_json_to_csv(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *page, *names;
    int separator;
    Py_ssize_t records;
    if (!PyArg_ParseTuple(args, "SO!in", &page, &PyTuple_Type, &names, &separator, &records)
        || !are_bytes(names))
        return NULL;
    size_t width = (size_t)PyTuple_Size(names);
    CsvColumn *columns = calloc(width, sizeof *columns);
    if (columns == NULL)
        return PyErr_NoMemory();
    for (size_t i = 0; i < width; i++) {
        PyObject *name = PyTuple_GetItem(names, (Py_ssize_t)i);
        columns[i].name = (const byte *)PyBytes_AsString(name);
        columns[i].length = (size_t)PyBytes_Size(name);
    }
    const byte *text = (const byte *)PyBytes_AsString(page);
    size_t length = (size_t)PyBytes_Size(page);
    Out csv;
    Status status;
    Py_BEGIN_ALLOW_THREADS
    status = json_to_csv(text, length, columns, width, (byte)separator, (size_t)records, &csv);
    Py_END_ALLOW_THREADS
    PyObject *given = NULL;
    if (status == OK)
        given = as_bytes(&csv);
    else if (status == NO_MEMORY)
        PyErr_NoMemory();
    else
        given = Py_NewRef(Py_None);
    free(csv.start);
    free(columns);
    return given;
}

static PyMethodDef METHODS[] = {
    {"csv_to_json", py_csv_to_json, METH_VARARGS, NULL},
    {"json_to_csv", py_json_to_csv, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot SLOTS[] = {{0, NULL}};

static struct PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT, .m_name = "asyncclean.native._transcode", .m_methods = METHODS, .m_slots = SLOTS};

PyMODINIT_FUNC PyInit__transcode(void)
{
    return PyModuleDef_Init(&MODULE);
}
