/* Rows of CSV into JSON objects of texts, where every row is as it should be.

   The rules are those of asyncclean/files/csv_records.py, where they are explained; for what it leaves to
   that (a CR that ends no line, something behind a closing quote, a wrong number of fields, what is not
   UTF-8) there is no answer here. */

#include "csv_to_json.h"

#define ENDED 1
#define DELIMITED 2
#define OPEN 3 /* the data ends in the field */
#define WRONG 4
#define FULL 5 /* no memory */

static const char HEX[] = "0123456789abcdef";

/* A control character, a quote or a backslash, as JSON has it within a string. Takes six bytes at most. */
static void put_escaped(Out *out, byte c)
{
    static const char SHORT[0x20] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    *out->at++ = '\\';
    if (c >= 0x20) {
        *out->at++ = c;
    } else if (SHORT[c]) {
        *out->at++ = (byte)SHORT[c];
    } else {
        out_put(out, "u00", 3);
        *out->at++ = (byte)HEX[c >> 4];
        *out->at++ = (byte)HEX[c & 15];
    }
}

/* Copies what needs no care, up to the first special byte or the end. There is room for eight bytes behind. */
static Status copy_plain(Out *out, const byte **from, const byte *end, byte stop)
{
    const byte *at = *from;
    for (;;) {
        if (out_room(out, STEP + 8) != OK)
            return NO_MEMORY;
        if (end - at >= STEP) {
            unsigned plain = plain_ahead(at, stop);
            memcpy(out->at, at, STEP);
            at += plain;
            out->at += plain;
            if (plain < STEP)
                break;
        } else if (at < end && !is_special(*at, stop)) {
            *out->at++ = *at++;
        } else {
            break;
        }
    }
    *from = at;
    return OK;
}

/* What the field that ends before `*at` is followed by. */
static int field_end(const byte **at, const byte *end, byte delimiter)
{
    const byte *here = *at;
    if (here == end)
        return OPEN;
    if (*here == delimiter) {
        *at = here + 1;
        return DELIMITED;
    }
    if (*here == '\r' && ++here == end)
        return OPEN;
    if (*here != '\n')
        return WRONG;
    *at = here + 1;
    return ENDED;
}

static int put_quoted(Out *out, const byte **from, const byte *end, byte delimiter, size_t *breaks)
{
    const byte *at = *from + 1;
    *out->at++ = '"';
    for (;;) {
        if (copy_plain(out, &at, end, '"') != OK)
            return FULL;
        byte c = *at;
        if (at == end)
            return OPEN;
        if (c >= 0x80) {
            unsigned length = utf8_length(at);
            if (length == 0)
                return WRONG;
            out_put(out, at, length);
            at += length;
        } else if (c != '"') {
            *breaks += c == '\n';
            put_escaped(out, c);
            at++;
        } else if (at[1] == '"') {
            put_escaped(out, c);
            at += 2;
        } else {
            at++;
            break;
        }
    }
    *out->at++ = '"';
    *from = at;
    return field_end(from, end, delimiter);
}

static int put_unquoted(Out *out, const byte **from, const byte *end, byte delimiter)
{
    const byte *at = *from;
    byte c = *at;
    if (c == delimiter || c == '\n' || c == '\r') {
        out_put(out, "null", 4);
        return field_end(from, end, delimiter);
    }
    *out->at++ = '"';
    for (;;) {
        if (copy_plain(out, &at, end, delimiter) != OK)
            return FULL;
        c = *at;
        if (at == end || c == delimiter || c == '\n' || c == '\r')
            break;
        if (c >= 0x80) {
            unsigned length = utf8_length(at);
            if (length == 0)
                return WRONG;
            out_put(out, at, length);
            at += length;
        } else {
            put_escaped(out, c);
            at++;
        }
    }
    *out->at++ = '"';
    *from = at;
    return field_end(from, end, delimiter);
}

/* Copies a text behind which STEP bytes more can be read, to where as many more can be written: for so few bytes
   that is faster than memcpy of just these. */
static inline void put_padded(Out *out, const Piece *padded)
{
    for (size_t i = 0; i < padded->length; i += STEP)
        memcpy(out->at + i, padded->text + i, STEP);
    out->at += padded->length;
}

/* One row. `room`: bytes for the longest member's beginning and what a field always takes. */
static int put_row(Out *out, const byte **at, const byte *end, const CsvShape *shape, size_t room,
                   size_t *breaks)
{
    int state = OPEN;
    for (size_t column = 0; column < shape->columns; column++) {
        const Piece *member = &shape->members[column];
        if (out_room(out, room) != OK)
            return FULL;
        put_padded(out, member);
        if (*at == end)
            return OPEN;
        state = **at == '"' ? put_quoted(out, at, end, shape->delimiter, breaks)
                            : put_unquoted(out, at, end, shape->delimiter);
        if (state != DELIMITED && column + 1 < shape->columns)
            return state == ENDED ? WRONG : state;
    }
    if (state == ENDED)
        out_put(out, "},", 2);
    return state == DELIMITED ? WRONG : state;
}

/* Blank lines behind a row count as lines of that row. */
static size_t pass_blank(const byte **at, const byte *end)
{
    size_t lines = 0;
    for (const byte *next = *at; next < end; lines++, *at = next) {
        next += *next == '\r' && next + 1 < end;
        if (*next++ != '\n')
            break;
    }
    return lines;
}

/* `shape` has its members padded, as `put_padded` takes them; `room` is that of `put_row`. */
static Status put_rows(const byte *data, size_t length, const CsvShape *shape, size_t room, CsvRows *rows)
{
    const byte *at = data, *end = data + length;
    Out *json = &rows->json;
    while (at < end && shape->columns > 0) {
        const byte *row = at;
        size_t before = (size_t)(json->at - json->start), breaks = 0;
        int state = *at == '\n' || *at == '\r' ? WRONG : put_row(json, &at, end, shape, room, &breaks);
        if (state == OPEN) {
            at = row;
            json->at = json->start + before;
            break;
        }
        if (state != ENDED)
            return state == FULL ? NO_MEMORY : NOT_PLAIN;
        breaks += pass_blank(&at, end);
        size_t used = (size_t)(json->at - json->start);
        if (used > UINT32_MAX)
            return NOT_PLAIN;
        if (out_number(&rows->ends, used) != OK || out_number(&rows->breaks, breaks) != OK)
            return NO_MEMORY;
        rows->broken |= breaks > 0;
        rows->lines += breaks + 1;
        rows->records++;
    }
    rows->length = (size_t)(at - data);
    return rows->records > 0 ? OK : NOT_PLAIN;
}

Status csv_to_json(const byte *data, size_t length, const CsvShape *shape, CsvRows *rows)
{
    size_t longest = 0, all = 0;
    /* No row ends behind the last line end. What is behind it is no NUL then, but no text ends there either. */
    while (length > 0 && data[length - 1] != '\n')
        length--;
    for (size_t column = 0; column < shape->columns; column++) {
        size_t here = shape->members[column].length;
        longest = here > longest ? here : longest;
        all += here + STEP;
    }
    Piece *padded = calloc(shape->columns + 1, sizeof *padded);
    byte *texts = calloc(all + 1, 1), *at = texts;
    Status status = NO_MEMORY;
    if (padded != NULL && texts != NULL && out_open(&rows->ends, length / 8 + 8) == OK
        && out_open(&rows->breaks, length / 8 + 8) == OK) {
        for (size_t column = 0; column < shape->columns; column++) {
            const Piece *member = &shape->members[column];
            padded[column] = (Piece){at, member->length};
            memcpy(at, member->text, member->length);
            at += member->length + STEP;
        }
        CsvShape own = {padded, shape->columns, shape->delimiter};
        status = put_rows(data, length, &own, longest + STEP + 32, rows);
    }
    free(padded);
    free(texts);
    return status;
}
