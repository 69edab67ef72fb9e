/* Proves that lines of JSON are records of a shape that is known: what asyncclean/files/json_shape.py says, without
   its regular expressions. */

#include "json_proves.h"

#include "json_text.h"

static const byte *skip_blanks(const byte *at)
{
    while (*at == ' ' || *at == '\t' || *at == '\r')
        at++;
    return at;
}

static int is_in_pairs(const Value *text)
{
    const byte *at = text->text, *end = at + text->length;
    uint32_t code;
    while (at != NULL && at < end && (at = memchr(at, '\\', (size_t)(end - at))) != NULL)
        if ((at = read_escape(at, &code)) == NULL)
            return 0;
    return 1;
}

/* The kind of a number, 0 where it is not sure that it is kept. */
static int kind_of_number(const Value *number)
{
    size_t sign = number->text[0] == '-', length = number->length - sign, whole = 0;
    const byte *digits = number->text + sign;
    while (whole < length && is_digit(digits[whole]))
        whole++;
    if (whole == length)
        return length <= 15 ? INT : length <= 18 ? LONG : 0;
    size_t fraction = length - whole - 1;
    for (size_t i = whole + 1; i < length; i++)
        if (!is_digit(digits[i]))
            return 0;
    return digits[whole] == '.' && ((whole <= 3 && fraction <= 12) || (whole <= 9 && fraction <= 6)) ? DECIMAL : 0;
}

static int is_of(const Value *value, byte kinds)
{
    if (value->is_text)
        return kinds & TEXT && (!value->escaped || is_in_pairs(value));
    if (value->length == 0)
        return 1;
    if (value->text[0] == 't' || value->text[0] == 'f')
        return kinds & BOOL;
    return kinds & kind_of_number(value);
}

/* Behind the record's line, or NULL if it is not of that shape. */
static const byte *prove_line(const byte *at, const byte *end, const JsonShape *shape)
{
    size_t next = 0;
    at = skip_blanks(at);
    if (*at != '{')
        return NULL;
    at = skip_blanks(at + 1);
    while (*at != '}') {
        for (;; next++) {
            if (next == shape->count)
                return NULL;
            const Piece *key = &shape->keys[next];
            if ((size_t)(end - at) >= key->length && memcmp(at, key->text, key->length) == 0)
                break;
            if (shape->whole)
                return NULL;
        }
        Value value;
        at = skip_blanks(at + shape->keys[next].length);
        if (*at != ':' || (at = read_value(skip_blanks(at + 1), end, '"', &value)) == NULL
            || !is_of(&value, shape->kinds[next]))
            return NULL;
        next++;
        at = skip_blanks(at);
        if (*at == ',') {
            at = skip_blanks(at + 1);
            if (*at == '}')
                return NULL;
        } else if (*at != '}') {
            return NULL;
        }
    }
    at = skip_blanks(at + 1);
    return *at == '\n' && (next == shape->count || !shape->whole) ? at + 1 : NULL;
}

int json_proves(const byte *lines, size_t length, const JsonShape *shape)
{
    const byte *at = lines, *end = lines + length;
    while (at != NULL && at < end)
        at = prove_line(at, end, shape);
    return at != NULL;
}
