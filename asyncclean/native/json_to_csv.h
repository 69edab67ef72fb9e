#ifndef ASYNCCLEAN_JSON_TO_CSV_H
#define ASYNCCLEAN_JSON_TO_CSV_H

#include "text.h"

/* The value of a record under one key: a string's characters, or any other value's text. */
typedef struct {
    const byte *text;
    size_t length;
    byte there, is_text, escaped, separated;
} Cell;

/* A column: its name as it stands in JSON, quotes included, and the cell of the record that is read. */
typedef struct {
    const byte *name;
    size_t length;
    Cell cell;
} CsvColumn;

/* Writes a page, a JSON array of so many flat records, as rows. NOT_PLAIN: it is not that, or holds what is
   not sure to be the same in any reading (half of a surrogate pair, a key twice, a key of no column).
   `page` has a NUL behind its `length` bytes. The buffer is to be freed in any case. */
Status json_to_csv(const byte *page, size_t length, CsvColumn *columns, size_t width, byte separator,
                   size_t records, Out *csv);

#endif
