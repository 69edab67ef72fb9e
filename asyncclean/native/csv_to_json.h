#ifndef ASYNCCLEAN_CSV_TO_JSON_H
#define ASYNCCLEAN_CSV_TO_JSON_H

#include "text.h"

/* `members`: what a record's members begin with, in order: {"first": and then ,"second": */
typedef struct {
    const Piece *members;
    size_t columns;
    byte delimiter;
} CsvShape;

/* What was read: `json` holds the records, each with a comma behind it; `ends` says where each ends there, with
   its comma; `breaks`, how many line ends each row has beside its own. `length` bytes of the data, in which
   `lines` lines end, are used. */
typedef struct {
    Out json, ends, breaks;
    size_t length, lines, records;
    int broken;
} CsvRows;

/* Reads all rows that are complete. NOT_PLAIN: some row is not as it should be, or none is complete.
   `data` has a NUL behind its `length` bytes. `rows` is all 0 before, but that `json` is open. All three are to be
   closed in any case. */
Status csv_to_json(const byte *data, size_t length, const CsvShape *shape, CsvRows *rows);

#endif
