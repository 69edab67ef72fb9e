#ifndef ASYNCCLEAN_JSON_RECORDS_H
#define ASYNCCLEAN_JSON_RECORDS_H

#include "text.h"

/* `renamed` keys, and what each becomes, all as they stand in JSON, quotes included. */
typedef struct {
    const Piece *names, *headers;
    size_t renamed;
    Piece separator;
} RecordsShape;

#define ANY_NUMBER SIZE_MAX

/* Writes a page, a JSON array of so many flat records (or of ANY_NUMBER), as these records, with a separator
   between. NOT_PLAIN: it is not that, or a record has a line break between its parts, or, where keys are renamed,
   one that is escaped. `page` has a NUL behind its `length` bytes. The buffer is to be freed in any case. */
Status json_records(const byte *page, size_t length, const RecordsShape *shape, size_t records, Out *out);

#endif
