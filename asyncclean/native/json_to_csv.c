/* Records of JSON into rows of CSV, where every record is flat.

   What a cell is, and what needs quotes, is said in asyncclean/files/write_csv.py and cells.py; what this
   does not take is read by them. Any text that it takes is valid JSON (RFC 8259). */

#include "json_to_csv.h"

static const byte *skip_space(const byte *at)
{
    while (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')
        at++;
    return at;
}

static int is_digit(byte c)
{
    return c >= '0' && c <= '9';
}

/* The value of four hexadecimal digits, or -1. */
static int hex4(const byte *at)
{
    int value = 0;
    for (int i = 0; i < 4; i++) {
        byte c = at[i], letter = c | 0x20;
        if (is_digit(c))
            value = value * 16 + (c - '0');
        else if (letter >= 'a' && letter <= 'f')
            value = value * 16 + (letter - 'a' + 10);
        else
            return -1;
    }
    return value;
}

/* Behind a string whose characters begin at `at`, with what is to be known of them; NULL if it is none. */
static const byte *read_string(const byte *at, const byte *end, byte separator, Cell *cell)
{
    cell->text = at;
    for (;;) {
        while (end - at >= 8) {
            uint64_t word;
            memcpy(&word, at, 8);
            unsigned plain = plain_of_eight(word, separator);
            at += plain;
            if (plain < 8)
                break;
        }
        byte c = *at;
        if (c == '"')
            break;
        if (c == '\\') {
            cell->escaped = 1;
            at += at[1] == 0 ? 1 : 2;
        } else if (c >= 0x80) {
            unsigned length = utf8_length(at);
            if (length == 0)
                return NULL;
            at += length;
        } else if (c < 0x20) {
            return NULL;
        } else {
            cell->separated |= c == separator;
            at++;
        }
    }
    cell->length = (size_t)(at - cell->text);
    cell->is_text = 1;
    return at + 1;
}

/* Behind a number, or NULL if there is none. */
static const byte *read_number(const byte *at)
{
    at += *at == '-';
    if (!is_digit(*at))
        return NULL;
    if (*at++ != '0')
        while (is_digit(*at))
            at++;
    if (*at == '.') {
        if (!is_digit(*++at))
            return NULL;
        while (is_digit(*at))
            at++;
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        at += *at == '+' || *at == '-';
        if (!is_digit(*at))
            return NULL;
        while (is_digit(*at))
            at++;
    }
    return at;
}

static const byte *read_value(const byte *at, const byte *end, byte separator, Cell *cell)
{
    memset(cell, 0, sizeof *cell);
    cell->there = 1;
    if (*at == '"')
        return read_string(at + 1, end, separator, cell);
    if (strncmp((const char *)at, "null", 4) == 0)
        return at + 4;
    cell->text = at;
    if (strncmp((const char *)at, "true", 4) == 0)
        at += 4;
    else if (strncmp((const char *)at, "false", 5) == 0)
        at += 5;
    else
        at = read_number(at);
    if (at != NULL)
        cell->length = (size_t)(at - cell->text);
    return at;
}

/* The column whose name stands at `at`, most likely the one at `likely`; NULL if there is none. */
static CsvColumn *find_column(const byte *at, const byte *end, CsvColumn *columns, size_t width,
                              size_t likely)
{
    size_t left = (size_t)(end - at);
    for (size_t i = 0; i < width; i++) {
        CsvColumn *column = &columns[(likely + i) % width];
        if (column->length <= left && memcmp(at, column->name, column->length) == 0)
            return column;
    }
    return NULL;
}

/* Behind a record that begins at `at`, with its values in the columns' cells; NULL if it is not plain. */
static const byte *read_record(const byte *at, const byte *end, CsvColumn *columns, size_t width,
                               byte separator)
{
    for (size_t i = 0; i < width; i++)
        columns[i].cell.there = 0;
    if (*at != '{')
        return NULL;
    at = skip_space(at + 1);
    if (*at == '}')
        return at + 1;
    for (size_t likely = 0;;) {
        CsvColumn *column = find_column(at, end, columns, width, likely);
        if (column == NULL || column->cell.there)
            return NULL;
        likely = (size_t)(column - columns) + 1;
        at = skip_space(at + column->length);
        if (*at != ':')
            return NULL;
        at = read_value(skip_space(at + 1), end, separator, &column->cell);
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

/* Behind the escape that begins at `at`, with its character in `code`; NULL if it is none. */
static const byte *read_escape(const byte *at, uint32_t *code)
{
    static const char FROM[] = "\"\\/bfnrt", TO[] = "\"\\/\b\f\n\r\t";
    byte c = at[1];
    if (c != 'u') {
        const char *found = c == 0 ? NULL : strchr(FROM, c);
        if (found == NULL)
            return NULL;
        *code = (byte)TO[found - FROM];
        return at + 2;
    }
    int unit = hex4(at + 2);
    if (unit < 0 || (unit >= 0xDC00 && unit < 0xE000))
        return NULL;
    *code = (uint32_t)unit;
    at += 6;
    if (unit < 0xD800 || unit >= 0xE000)
        return at;
    int low = at[0] == '\\' && at[1] == 'u' ? hex4(at + 2) : -1;
    if (low < 0xDC00 || low >= 0xE000)
        return NULL;
    *code = 0x10000 + (((uint32_t)unit - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
    return at + 6;
}

/* A text that holds escapes. There is room for twice its length and two quotes: none gets longer, but for
   quotes, which are two bytes each in JSON too. */
static Status put_unescaped(Out *out, const Cell *cell, byte separator)
{
    const byte *at = cell->text, *end = at + cell->length;
    int quotes = cell->separated;
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

static Status put_cell(Out *out, const Cell *cell, byte separator)
{
    if (cell->escaped)
        return put_unescaped(out, cell, separator);
    int quotes = cell->separated || cell->length == 0;
    if (quotes)
        *out->at++ = '"';
    out_put(out, cell->text, cell->length);
    if (quotes)
        *out->at++ = '"';
    return OK;
}

static Status put_row(Out *out, const CsvColumn *columns, size_t width, byte separator)
{
    for (size_t i = 0; i < width; i++) {
        const Cell *cell = &columns[i].cell;
        int filled = cell->there && (cell->is_text || cell->length > 0);
        if (out_room(out, 2 * cell->length + 8) != OK)
            return NO_MEMORY;
        if (i > 0)
            *out->at++ = separator;
        if (filled) {
            Status status = put_cell(out, cell, separator);
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
    if (*at != '[')
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
