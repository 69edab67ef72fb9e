/* Records of JSON into rows of CSV, where every record is flat.

   What a cell is, and what needs quotes, is said in asyncclean/files/write_csv.py and cells.py; what this
   does not take is read by them. */

#include "json_to_csv.h"

/* The column whose name stands at `at`, most likely the one at `likely`; NULL if there is none. */
static CsvColumn *find_column(const byte *at, const byte *end, CsvColumn *columns, size_t width,
                              size_t likely)
{
    size_t left = (size_t)(end - at);
    for (size_t i = 0; i < width; i++) {
        CsvColumn *column = &columns[(likely + i) % width];
        if (column->name.length <= left && memcmp(at, column->name.text, column->name.length) == 0)
            return column;
    }
    return NULL;
}

/* Behind a record that begins at `at`, with its values in the columns; NULL if it is not plain. */
static const byte *read_record(const byte *at, const byte *end, CsvColumn *columns, size_t width,
                               byte separator)
{
    for (size_t i = 0; i < width; i++)
        columns[i].there = 0;
    if (*at != '{')
        return NULL;
    at = skip_space(at + 1);
    if (*at == '}')
        return at + 1;
    for (size_t likely = 0;;) {
        CsvColumn *column = find_column(at, end, columns, width, likely);
        if (column == NULL || column->there)
            return NULL;
        likely = (size_t)(column - columns) + 1;
        at = skip_space(at + column->name.length);
        if (*at != ':')
            return NULL;
        column->there = 1;
        at = read_value(skip_space(at + 1), end, separator, &column->value);
        if (at == NULL)
            return NULL;
        at = skip_space(at);
        if (*at == '}')
            return at + 1;
        if (*at != ',')
            return NULL;
        at = skip_space(at + 1);
    }
}

static void put_utf8(Out *out, uint32_t code)
{
    if (code < 0x80) {
        *out->at++ = (byte)code;
    } else if (code < 0x800) {
        *out->at++ = (byte)(0xC0 | code >> 6);
        *out->at++ = (byte)(0x80 | (code & 0x3F));
    } else {
        if (code < 0x10000) {
            *out->at++ = (byte)(0xE0 | code >> 12);
        } else {
            *out->at++ = (byte)(0xF0 | code >> 18);
            *out->at++ = (byte)(0x80 | (code >> 12 & 0x3F));
        }
        *out->at++ = (byte)(0x80 | (code >> 6 & 0x3F));
        *out->at++ = (byte)(0x80 | (code & 0x3F));
    }
}

/* A text that holds escapes. There is room for twice its length and two quotes: none gets longer, but for
   quotes, which are two bytes each in JSON too. */
static Status put_unescaped(Out *out, const Value *value, byte separator)
{
    const byte *at = value->text, *end = at + value->length;
    int quotes = value->separated;
    byte *start = out->at;
    *out->at++ = '"';
    while (at < end) {
        uint32_t code;
        if (*at != '\\') {
            *out->at++ = *at++;
            continue;
        }
        at = read_escape(at, &code);
        if (at == NULL)
            return NOT_PLAIN;
        quotes |= code == '"' || code == '\n' || code == '\r' || code == separator;
        if (code == '"')
            *out->at++ = '"';
        put_utf8(out, code);
    }
    if (quotes) {
        *out->at++ = '"';
    } else {
        size_t length = (size_t)(out->at - start) - 1;
        memmove(start, start + 1, length);
        out->at = start + length;
    }
    return OK;
}

static Status put_cell(Out *out, const Value *value, byte separator)
{
    if (value->escaped)
        return put_unescaped(out, value, separator);
    int quotes = value->separated || value->length == 0;
    if (quotes)
        *out->at++ = '"';
    out_put(out, value->text, value->length);
    if (quotes)
        *out->at++ = '"';
    return OK;
}

static Status put_row(Out *out, const CsvColumn *columns, size_t width, byte separator)
{
    for (size_t i = 0; i < width; i++) {
        const Value *value = &columns[i].value;
        int filled = columns[i].there && (value->is_text || value->length > 0);
        if (out_room(out, (filled ? 2 * value->length : 0) + 8) != OK)
            return NO_MEMORY;
        if (i > 0)
            *out->at++ = separator;
        if (filled) {
            Status status = put_cell(out, value, separator);
            if (status != OK)
                return status;
        } else if (width == 1) {
            out_put(out, "\"\"", 2); /* an empty line would be no row */
        }
    }
    *out->at++ = '\n';
    return OK;
}

Status json_to_csv(const byte *page, size_t length, CsvColumn *columns, size_t width, byte separator,
                   size_t records, Out *csv)
{
    const byte *at = skip_space(page), *end = page + length;
    size_t count = 0;
    if (out_open(csv, length + 16) != OK)
        return NO_MEMORY;
    if (*at != '[' || width == 0)
        return NOT_PLAIN;
    at = skip_space(at + 1);
    if (*at != ']') {
        for (;; at = skip_space(at + 1)) {
            at = read_record(at, end, columns, width, separator);
            if (at == NULL)
                return NOT_PLAIN;
            Status status = put_row(csv, columns, width, separator);
            if (status != OK)
                return status;
            count++;
            at = skip_space(at);
            if (*at != ',')
                break;
        }
        if (*at != ']')
            return NOT_PLAIN;
    }
    return skip_space(at + 1) == end && count == records ? OK : NOT_PLAIN;
}
