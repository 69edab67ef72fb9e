#ifndef ASYNCCLEAN_LINE_ENDS_H
#define ASYNCCLEAN_LINE_ENDS_H

#include "text.h"

/* Where each line of some data ends, with its line end, as 32-bit numbers. NOT_PLAIN: the data is longer than
   these can say. The buffer is to be freed in any case. */
Status line_ends(const byte *data, size_t length, Out *ends);

#endif
