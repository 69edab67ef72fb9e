/* Records of JSON into rows of CSV, where every record is flat.

   What a cell is, and what needs quotes, is said in asyncclean/files/write_csv.py and cells.py; what this
   does not take is read by them. */

#include "json_to_csv.h"

/* The column whose name stands at `at`, most likely the one at `likely`; NULL if there is none. */
static CsvColumn *find_column(const byte *at, const byte *end, const CsvLayout *layout, size_t likely)
{
    size_t left = (size_t)(end - at);
    for (size_t i = 0; i < layout->width; i++) {
        CsvColumn *column = &layout->columns[(likely + i) % layout->width];
        if (column->name.length <= left && memcmp(at, column->name.text, column->name.length) == 0)
            return column;
    }
    return NULL;
}

/* Behind a record that begins at `at`, with its values in the columns; NULL if it is not plain. */
static const byte *read_record(const byte *at, const byte *end, const CsvLayout *layout)
{
    for (size_t i = 0; i < layout->width; i++)
        layout->columns[i].there = 0;
    if (*at != '{')
        return NULL;
    at = skip_space(at + 1);
    if (*at == '}')
        return at + 1;
    for (size_t likely = 0;;) {
        CsvColumn *column = find_column(at, end, layout, likely);
        if (column == NULL || column->there)
            return NULL;
        likely = (size_t)(column - layout->columns) + 1;
        at = skip_space(at + column->name.length);
        if (*at != ':')
            return NULL;
        column->there = 1;
        at = read_value(skip_space(at + 1), end, layout->separator, &column->value);
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

static int begins_formula(const byte *text, size_t length)
{
    /* The full-width forms of = + - @ are three bytes each: EF BC 9D, 8B, 8D and EF BC A0. */
    if (length >= 3 && text[0] == 0xEF && text[1] == 0xBC)
        return text[2] == 0x9D || text[2] == 0x8B || text[2] == 0x8D || text[2] == 0xA0;
    return length > 0 && memchr("=+-@\t\r\n", text[0], 8) != NULL; /* the NUL behind them, too */
}

static const byte *skip_digits(const byte *at, const byte *end)
{
    while (at < end && is_digit(*at))
        at++;
    return at;
}

/* Unlike in JSON, with any sign and zeros in front. */
static int is_number(const byte *at, const byte *end)
{
    const byte *digits = at + (at < end && (*at == '+' || *at == '-'));
    if ((at = skip_digits(digits, end)) == digits)
        return 0;
    if (at < end && *at == '.') {
        digits = at + 1;
        if ((at = skip_digits(digits, end)) == digits)
            return 0;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        digits = at + 1;
        digits += digits < end && (*digits == '+' || *digits == '-');
        if ((at = skip_digits(digits, end)) == digits)
            return 0;
    }
    return at == end;
}

/* Puts an apostrophe into the cell that was begun at `cell`, if it needs one. There is room for it. */
static void guard(Out *out, byte *cell)
{
    byte *text = cell + (*cell == '"');
    size_t length = (size_t)(out->at - text);
    if (begins_formula(text, length) && !is_number(text, out->at)) {
        memmove(text + 1, text, length);
        *text = '\'';
        out->at++;
    }
}

static Status put_row(Out *out, const CsvLayout *layout)
{
    for (size_t i = 0; i < layout->width; i++) {
        const CsvColumn *column = &layout->columns[i];
        const Value *value = &column->value;
        int filled = column->there && (value->is_text || value->length > 0);
        if (out_room(out, (filled ? 2 * value->length : 0) + 8) != OK)
            return NO_MEMORY;
        if (i > 0)
            *out->at++ = layout->separator;
        if (filled) {
            byte *cell = out->at;
            Status status = put_cell(out, value, layout->separator);
            if (status != OK)
                return status;
            if (layout->safe)
                guard(out, cell);
        } else if (layout->width == 1) {
            out_put(out, "\"\"", 2); /* an empty line would be no row */
        }
    }
    *out->at++ = '\n';
    return OK;
}

Status json_to_csv(const byte *page, size_t length, const CsvLayout *layout, size_t records, Out *csv)
{
    const byte *at = skip_space(page), *end = page + length;
    size_t count = 0;
    if (out_open(csv, length + 16) != OK)
        return NO_MEMORY;
    if (*at != '[' || layout->width == 0)
        return NOT_PLAIN;
    at = skip_space(at + 1);
    while (*at != ']') {
        if (count++ > 0) {
            if (*at != ',')
                return NOT_PLAIN;
            at = skip_space(at + 1);
        }
        at = read_record(at, end, layout);
        if (at == NULL)
            return NOT_PLAIN;
        Status status = put_row(csv, layout);
        if (status != OK)
            return status;
        at = skip_space(at);
    }
    return skip_space(at + 1) == end && count == records ? OK : NOT_PLAIN;
}
