#ifndef ASYNCCLEAN_JSON_PROVES_H
#define ASYNCCLEAN_JSON_PROVES_H

#include "text.h"

/* What values a key may have beside null, as bits. A double keeps an INT and a DECIMAL; a LONG takes 64 bits. */
enum { TEXT = 1, INT = 2, LONG = 4, DECIMAL = 8, BOOL = 16 };

/* The keys of a record in their order, as they stand in JSON, quotes included, and the kinds of each. `whole`: no
   record lacks one. */
typedef struct {
    const Piece *keys;
    const byte *kinds;
    size_t count;
    int whole;
} JsonShape;

/* Whether each line is a record of that shape. The last one, too, has its line end; a NUL is behind that. */
int json_proves(const byte *lines, size_t length, const JsonShape *shape);

#endif
