/* Finds line ends. */

#include "line_ends.h"

Status line_ends(const byte *data, size_t length, Out *ends)
{
    if (out_open(ends, length / 16 + 16) != OK)
        return NO_MEMORY;
    if (length > UINT32_MAX)
        return NOT_PLAIN;
    const byte *at = data, *end = data + length;
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL)
        if (out_number(ends, (size_t)(++at - data)) != OK)
            return NO_MEMORY;
    return OK;
}
