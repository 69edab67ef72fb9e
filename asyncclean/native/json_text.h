/* Reads what flat JSON is made of. What it takes is valid (RFC 8259), but that half of a surrogate pair may be
   escaped, as in JSON's own grammar. */

#ifndef ASYNCCLEAN_JSON_TEXT_H
#define ASYNCCLEAN_JSON_TEXT_H

#include "text.h"

/* A value that is not nested: a string's characters as they are escaped, or any other value's text; null has
   none. `separated`: a string holds a byte that was asked for. */
typedef struct {
    const byte *text;
    size_t length;
    byte is_text, escaped, separated;
} Value;

/* Those that give a place read what begins at `at`, and give where it ends, or NULL where there is no such thing.
   `end` has a NUL behind it. */

static inline const byte *skip_space(const byte *at)
{
    while (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')
        at++;
    return at;
}

static inline int is_digit(byte c)
{
    return c >= '0' && c <= '9';
}

/* The value of four hexadecimal digits, or -1. */
static inline int hex4(const byte *at)
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

static inline const byte *skip_escape(const byte *at)
{
    if (at[1] == 'u')
        return hex4(at + 2) < 0 ? NULL : at + 6;
    return at[1] != 0 && strchr("\"\\/bfnrt", at[1]) != NULL ? at + 2 : NULL;
}

/* The character in `code` of an escape that is known to be valid; NULL for half of a surrogate pair. */
static inline const byte *read_escape(const byte *at, uint32_t *code)
{
    static const char FROM[] = "\"\\/bfnrt", TO[] = "\"\\/\b\f\n\r\t";
    if (at[1] != 'u') {
        *code = (byte)TO[strchr(FROM, at[1]) - FROM];
        return at + 2;
    }
    uint32_t unit = (uint32_t)hex4(at + 2);
    *code = unit;
    at += 6;
    if (unit < 0xD800 || unit >= 0xE000)
        return at;
    int low = at[0] == '\\' && at[1] == 'u' ? hex4(at + 2) : -1;
    if (unit >= 0xDC00 || low < 0xDC00 || low >= 0xE000)
        return NULL;
    *code = 0x10000 + ((unit - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
    return at + 6;
}

/* `at`: behind the string's opening quote. */
static inline const byte *read_string(const byte *at, const byte *end, byte separator, Value *value)
{
    memset(value, 0, sizeof *value);
    value->is_text = 1;
    value->text = at;
    for (;;) {
        while (end - at >= STEP) {
            unsigned plain = plain_ahead(at, separator);
            at += plain;
            if (plain < STEP)
                break;
        }
        byte c = *at;
        if (c == '"')
            break;
        if (c == '\\') {
            value->escaped = 1;
            at = skip_escape(at);
            if (at == NULL)
                return NULL;
        } else if (c >= 0x80) {
            unsigned length = utf8_length(at);
            if (length == 0)
                return NULL;
            at += length;
        } else if (c < 0x20) {
            return NULL;
        } else {
            value->separated |= c == separator;
            at++;
        }
    }
    value->length = (size_t)(at - value->text);
    return at + 1;
}

static inline const byte *read_number(const byte *at)
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

static inline const byte *read_value(const byte *at, const byte *end, byte separator, Value *value)
{
    if (*at == '"')
        return read_string(at + 1, end, separator, value);
    memset(value, 0, sizeof *value);
    if (strncmp((const char *)at, "null", 4) == 0)
        return at + 4;
    value->text = at;
    if (strncmp((const char *)at, "true", 4) == 0)
        at += 4;
    else if (strncmp((const char *)at, "false", 5) == 0)
        at += 5;
    else
        at = read_number(at);
    if (at != NULL)
        value->length = (size_t)(at - value->text);
    return at;
}

#endif
