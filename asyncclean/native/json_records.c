/* The records of a page of JSON as they stand, one after the other, under other keys where these are asked for.
   Nothing else about them changes. */

#include "json_records.h"

#include "json_text.h"

/* Within a record only these: it is to stay on one line. */
static const byte *skip_blanks(const byte *at)
{
    while (*at == ' ' || *at == '\t')
        at++;
    return at;
}

static Status put(Out *out, const byte *from, size_t length)
{
    if (out_room(out, length) != OK)
        return NO_MEMORY;
    out_put(out, from, length);
    return OK;
}

/* The place of a key among those renamed, most likely `likely`; `renamed` if it stays. */
static size_t find_key(const byte *key, size_t length, const RecordsShape *shape, size_t likely)
{
    for (size_t i = 0; i < shape->renamed; i++) {
        size_t place = (likely + i) % shape->renamed;
        const Piece *name = &shape->names[place];
        if (name->length == length && memcmp(key, name->text, length) == 0)
            return place;
    }
    return shape->renamed;
}

/* Writes the record that begins at `*from`, and moves that behind it. */
static Status put_record(const byte **from, const byte *end, const RecordsShape *shape, Out *out)
{
    const byte *written = *from, *at = written;
    if (*at != '{')
        return NOT_PLAIN;
    at = skip_blanks(at + 1);
    for (size_t likely = 0; *at != '}';) {
        Value key, value;
        const byte *begin = at;
        if (*at != '"' || (at = read_string(at + 1, end, '"', &key)) == NULL)
            return NOT_PLAIN;
        if (shape->renamed > 0) {
            if (key.escaped)
                return NOT_PLAIN;
            size_t place = find_key(begin, (size_t)(at - begin), shape, likely);
            if (place < shape->renamed) {
                if (put(out, written, (size_t)(begin - written)) != OK
                    || put(out, shape->headers[place].text, shape->headers[place].length) != OK)
                    return NO_MEMORY;
                written = at;
                likely = place + 1;
            }
        }
        at = skip_blanks(at);
        if (*at != ':' || (at = read_value(skip_blanks(at + 1), end, '"', &value)) == NULL)
            return NOT_PLAIN;
        at = skip_blanks(at);
        if (*at == ',') {
            at = skip_blanks(at + 1);
            if (*at == '}')
                return NOT_PLAIN;
        } else if (*at != '}') {
            return NOT_PLAIN;
        }
    }
    *from = at + 1;
    return put(out, written, (size_t)(*from - written));
}

Status json_records(const byte *page, size_t length, const RecordsShape *shape, size_t records, Out *out)
{
    const byte *at = skip_space(page), *end = page + length;
    size_t count = 0, expected = records == ANY_NUMBER ? 0 : records;
    if (out_open(out, length + expected * shape->separator.length + 16) != OK)
        return NO_MEMORY;
    if (*at != '[')
        return NOT_PLAIN;
    at = skip_space(at + 1);
    while (*at != ']') {
        if (count++ > 0) {
            if (*at != ',')
                return NOT_PLAIN;
            at = skip_space(at + 1);
            if (put(out, shape->separator.text, shape->separator.length) != OK)
                return NO_MEMORY;
        }
        Status status = put_record(&at, end, shape, out);
        if (status != OK)
            return status;
        at = skip_space(at);
    }
    return skip_space(at + 1) == end && (count == records || records == ANY_NUMBER) ? OK : NOT_PLAIN;
}
