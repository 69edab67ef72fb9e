/* The Python face: takes bytes, lets go of the interpreter's lock, gives bytes. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include "csv_to_json.h"
#include "json_proves.h"
#include "json_records.h"
#include "json_to_csv.h"
#include "line_ends.h"

static Piece piece_of(PyObject *bytes)
{
    return (Piece){(const byte *)PyBytes_AsString(bytes), (size_t)PyBytes_Size(bytes)};
}

/* The bytes in a tuple, which must outlive this; NULL with an exception where it holds anything else. */
static Piece *pieces_of(PyObject *items, size_t *count)
{
    *count = (size_t)PyTuple_Size(items);
    Piece *pieces = calloc(*count + 1, sizeof *pieces);
    if (pieces == NULL)
        return (Piece *)PyErr_NoMemory();
    for (size_t i = 0; i < *count; i++) {
        PyObject *item = PyTuple_GetItem(items, (Py_ssize_t)i);
        if (!PyBytes_Check(item)) {
            PyErr_SetString(PyExc_TypeError, "a tuple of bytes was expected");
            free(pieces);
            return NULL;
        }
        pieces[i] = piece_of(item);
    }
    return pieces;
}

static PyObject *as_bytes(const Out *out)
{
    return PyBytes_FromStringAndSize((const char *)out->start, out->at - out->start);
}

/* What a call that ended so gives: None where the data is not plain. */
static PyObject *given(Status status, const Out *out)
{
    if (status == NO_MEMORY)
        return PyErr_NoMemory();
    return status == OK ? as_bytes(out) : Py_NewRef(Py_None);
}

/* Takes `lent`, a bytearray to which the JSON was written, unless it grew beyond that. */
static PyObject *rows_given(Status status, const CsvRows *rows, PyObject *lent)
{
    const Out *json = &rows->json;
    if (status != OK || PyByteArray_Resize(lent, json->lent ? json->at - json->start : 0) < 0) {
        Py_DECREF(lent);
        return status == OK ? NULL : given(status, json);
    }
    if (!json->lent) {
        Py_DECREF(lent);
        lent = PyByteArray_FromStringAndSize((const char *)json->start, json->at - json->start);
    }
    PyObject *ends = as_bytes(&rows->ends);
    PyObject *breaks = rows->broken ? as_bytes(&rows->breaks) : Py_NewRef(Py_None);
    if (lent == NULL || ends == NULL || breaks == NULL) {
        Py_XDECREF(lent);
        Py_XDECREF(ends);
        Py_XDECREF(breaks);
        return NULL;
    }
    return Py_BuildValue("NNNnn", lent, ends, breaks, (Py_ssize_t)rows->length, (Py_ssize_t)rows->lines);
}

static PyObject *py_csv_to_json(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *data, *members;
    CsvShape shape;
    if (!PyArg_ParseTuple(args, "SO!b", &data, &PyTuple_Type, &members, &shape.delimiter))
        return NULL;
    Piece text = piece_of(data), *pieces = pieces_of(members, &shape.columns);
    if (pieces == NULL)
        return NULL;
    shape.members = pieces;
    /* Most files double in size; memory that is not written to costs nothing. */
    size_t most = 3 * text.length + 64;
    PyObject *lent = PyByteArray_FromStringAndSize(NULL, (Py_ssize_t)most);
    if (lent == NULL) {
        free(pieces);
        return NULL;
    }
    byte *start = (byte *)PyByteArray_AsString(lent);
    CsvRows rows = {.json = {start, start, start + most, 1}};
    Status status;
    Py_BEGIN_ALLOW_THREADS
    status = csv_to_json(text.text, text.length, &shape, &rows);
    Py_END_ALLOW_THREADS
    PyObject *result = rows_given(status, &rows, lent);
    out_close(&rows.json);
    out_close(&rows.ends);
    out_close(&rows.breaks);
    free(pieces);
    return result;
}

static PyObject *py_json_to_csv(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *page, *names;
    Py_ssize_t records;
    CsvLayout layout;
    if (!PyArg_ParseTuple(args, "SO!bnp", &page, &PyTuple_Type, &names, &layout.separator, &records,
                          &layout.safe))
        return NULL;
    Piece text = piece_of(page), *pieces = pieces_of(names, &layout.width);
    if (pieces == NULL)
        return NULL;
    layout.columns = calloc(layout.width + 1, sizeof *layout.columns);
    if (layout.columns == NULL) {
        free(pieces);
        return PyErr_NoMemory();
    }
    for (size_t i = 0; i < layout.width; i++)
        layout.columns[i].name = pieces[i];
    Out csv;
    Status status;
    Py_BEGIN_ALLOW_THREADS
    status = json_to_csv(text.text, text.length, &layout, (size_t)records, &csv);
    Py_END_ALLOW_THREADS
    PyObject *result = given(status, &csv);
    free(csv.start);
    free(layout.columns);
    free(pieces);
    return result;
}

static PyObject *py_json_records(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *page, *names, *headers, *separator;
    Py_ssize_t records;
    if (!PyArg_ParseTuple(args, "SO!O!Sn", &page, &PyTuple_Type, &names, &PyTuple_Type, &headers, &separator,
                          &records))
        return NULL;
    size_t renamed, also;
    Piece text = piece_of(page), *old = pieces_of(names, &renamed);
    Piece *new = old == NULL ? NULL : pieces_of(headers, &also);
    if (new != NULL && renamed != also)
        PyErr_SetString(PyExc_ValueError, "there must be as many headers as names");
    if (new == NULL || renamed != also) {
        free(old);
        free(new);
        return NULL;
    }
    RecordsShape shape = {old, new, renamed, piece_of(separator)};
    Out out;
    Status status;
    Py_BEGIN_ALLOW_THREADS
    status = json_records(text.text, text.length, &shape, records < 0 ? ANY_NUMBER : (size_t)records, &out);
    Py_END_ALLOW_THREADS
    PyObject *result = given(status, &out);
    free(out.start);
    free(old);
    free(new);
    return result;
}

static PyObject *py_json_proves(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *lines, *names, *kinds;
    JsonShape shape;
    if (!PyArg_ParseTuple(args, "SO!Sp", &lines, &PyTuple_Type, &names, &kinds, &shape.whole))
        return NULL;
    Piece text = piece_of(lines), allowed = piece_of(kinds), *keys = pieces_of(names, &shape.count);
    if (keys != NULL && allowed.length != shape.count) {
        PyErr_SetString(PyExc_ValueError, "there must be as many kinds as keys");
        free(keys);
        return NULL;
    }
    if (keys == NULL)
        return NULL;
    shape.keys = keys;
    shape.kinds = allowed.text;
    int proven;
    Py_BEGIN_ALLOW_THREADS
    proven = json_proves(text.text, text.length, &shape);
    Py_END_ALLOW_THREADS
    free(keys);
    return PyBool_FromLong(proven);
}

static PyObject *py_line_ends(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *data;
    if (!PyArg_ParseTuple(args, "S", &data))
        return NULL;
    Piece text = piece_of(data);
    Out ends;
    Status status;
    Py_BEGIN_ALLOW_THREADS
    status = line_ends(text.text, text.length, &ends);
    Py_END_ALLOW_THREADS
    PyObject *result = given(status, &ends);
    free(ends.start);
    return result;
}

static PyObject *py_json_array(PyObject *Py_UNUSED(module), PyObject *parts)
{
    Py_ssize_t count = PyTuple_Size(parts), held = 0, size = count + 1 + (count == 0);
    Py_buffer *views = calloc((size_t)count + 1, sizeof *views);
    if (views == NULL)
        return PyErr_NoMemory();
    while (held < count && PyObject_GetBuffer(PyTuple_GetItem(parts, held), &views[held], PyBUF_SIMPLE) == 0)
        size += views[held++].len;
    PyObject *json = held == count ? PyBytes_FromStringAndSize(NULL, size) : NULL;
    if (json != NULL) {
        char *at = PyBytes_AsString(json);
        Py_BEGIN_ALLOW_THREADS
        *at++ = '[';
        for (Py_ssize_t i = 0; i < count; i++) {
            if (i > 0)
                *at++ = ',';
            memcpy(at, views[i].buf, (size_t)views[i].len);
            at += views[i].len;
        }
        *at = ']';
        Py_END_ALLOW_THREADS
    }
    while (held > 0)
        PyBuffer_Release(&views[--held]);
    free(views);
    return json;
}

static PyMethodDef METHODS[] = {
    {"csv_to_json", py_csv_to_json, METH_VARARGS, NULL},
    {"json_to_csv", py_json_to_csv, METH_VARARGS, NULL},
    {"json_records", py_json_records, METH_VARARGS, NULL},
    {"json_array", py_json_array, METH_VARARGS, NULL},
    {"json_proves", py_json_proves, METH_VARARGS, NULL},
    {"line_ends", py_line_ends, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot SLOTS[] = {{0, NULL}};

static struct PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT, .m_name = "asyncclean.native._transcode", .m_methods = METHODS, .m_slots = SLOTS};

PyMODINIT_FUNC PyInit__transcode(void)
{
    return PyModuleDef_Init(&MODULE);
}
