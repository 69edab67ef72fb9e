#ifndef ASYNCCLEAN_JSON_TO_CSV_H
#define ASYNCCLEAN_JSON_TO_CSV_H

#include "json_text.h"

/* A column: its name as it stands in JSON, quotes included, and its value in the record that is read, if it is
   `there`. */
typedef struct {
    Piece name;
    Value value;
    int there;
} CsvColumn;

/* `safe`: what a spreadsheet could take for a formula gets an apostrophe in front. */
typedef struct {
    CsvColumn *columns;
    size_t width;
    byte separator;
    int safe;
} CsvLayout;

/* Writes a page, a JSON array of so many flat records, as rows. NOT_PLAIN: it is not that, or holds what is
   not sure to be the same in any reading (half of a surrogate pair, a key twice, a key of no column).
   `page` has a NUL behind its `length` bytes. The buffer is to be freed in any case. */
Status json_to_csv(const byte *page, size_t length, const CsvLayout *layout, size_t records, Out *csv);

#endif
