/* What both directions share: looking at many bytes at once, UTF-8, and a buffer that grows. */

#ifndef ASYNCCLEAN_TEXT_H
#define ASYNCCLEAN_TEXT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned char byte;

/* How a reading ends. Any other answer than OK leaves the data to a slower way. */
typedef enum { OK, NOT_PLAIN, NO_MEMORY } Status;

/* Some text that lies elsewhere. */
typedef struct {
    const byte *text;
    size_t length;
} Piece;

/* `lent`: the memory that it began with is somebody else's. It is left alone when there is need for more. */
typedef struct {
    byte *start, *at, *end;
    int lent;
} Out;

static inline Status out_open(Out *out, size_t size)
{
    out->start = out->at = malloc(size);
    out->end = out->start + size;
    out->lent = 0;
    return out->start == NULL ? NO_MEMORY : OK;
}

static inline void out_close(Out *out)
{
    if (!out->lent)
        free(out->start);
}

static inline Status out_grow(Out *out, size_t more)
{
    size_t used = (size_t)(out->at - out->start);
    size_t size = 2 * used + more;
    byte *moved = out->lent ? malloc(size) : realloc(out->start, size);
    if (moved == NULL)
        return NO_MEMORY;
    if (out->lent)
        memcpy(moved, out->start, used);
    out->lent = 0;
    out->start = moved;
    out->at = moved + used;
    out->end = moved + size;
    return OK;
}

/* There are at least `more` bytes of room behind this. */
static inline Status out_room(Out *out, size_t more)
{
    return (size_t)(out->end - out->at) >= more ? OK : out_grow(out, more);
}

static inline Status out_number(Out *out, size_t number)
{
    uint32_t value = (uint32_t)number;
    if (out_room(out, sizeof value) != OK)
        return NO_MEMORY;
    memcpy(out->at, &value, sizeof value);
    out->at += sizeof value;
    return OK;
}

/* For where there is room. */
static inline void out_put(Out *out, const void *from, size_t length)
{
    memcpy(out->at, from, length);
    out->at += length;
}

/* Whether a byte of text cannot be taken as it is: it ends something, has to be escaped, or is not ASCII. */
static inline int is_special(byte c, byte stop)
{
    return c < 0x20 || c >= 0x80 || c == '"' || c == '\\' || c == stop;
}

/* How many bytes are looked at together. */
#ifndef STEP
#if defined(__SSE2__)
#define STEP 16
#elif defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define STEP 8
#else
#define STEP 1
#endif
#endif

/* How many of the STEP bytes at `at` come before the first special one. */
static inline unsigned plain_ahead(const byte *at, byte stop);

#if STEP == 16

#include <emmintrin.h>

static inline unsigned plain_ahead(const byte *at, byte stop)
{
    __m128i word = _mm_loadu_si128((const __m128i *)at);
    /* As numbers with a sign, what is not ASCII is below 0x20 as well. */
    __m128i low = _mm_cmplt_epi8(word, _mm_set1_epi8(0x20));
    __m128i quote = _mm_cmpeq_epi8(word, _mm_set1_epi8('"'));
    __m128i backslash = _mm_cmpeq_epi8(word, _mm_set1_epi8('\\'));
    __m128i stopping = _mm_cmpeq_epi8(word, _mm_set1_epi8((char)stop));
    __m128i special = _mm_or_si128(_mm_or_si128(low, quote), _mm_or_si128(backslash, stopping));
    unsigned found = (unsigned)_mm_movemask_epi8(special);
    return found == 0 ? STEP : (unsigned)__builtin_ctz(found);
}

#elif STEP == 8

/* As in Hacker's Delight (Warren, section 6-1): in each answer the lowest bit that is set belongs to the first byte
   meant; those above it may be wrong. */
#define ONES UINT64_C(0x0101010101010101)
#define HIGH UINT64_C(0x8080808080808080)

static inline uint64_t bytes_equal(uint64_t word, byte wanted)
{
    uint64_t zero = word ^ (ONES * wanted);
    return (zero - ONES) & ~zero & HIGH;
}

static inline unsigned plain_ahead(const byte *at, byte stop)
{
    uint64_t word;
    memcpy(&word, at, STEP);
    uint64_t control = (word - ONES * 0x20) & ~word;
    uint64_t special = bytes_equal(word, '"') | bytes_equal(word, '\\') | bytes_equal(word, stop)
                       | ((control | word) & HIGH);
    return special == 0 ? STEP : (unsigned)__builtin_ctzll(special) >> 3;
}

#else

static inline unsigned plain_ahead(const byte *at, byte stop)
{
    return is_special(*at, stop) ? 0 : STEP;
}

#endif

/* The length of the character at `at`, which is not ASCII, or 0 where it is no UTF-8: table 3-7 of the
   Unicode standard. Whatever lies behind the text must be there and no continuation byte, as the NUL is
   behind any bytes object. */
static inline unsigned utf8_length(const byte *at)
{
    byte lead = at[0], least = 0x80, most = 0xBF;
    unsigned length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (lead < 0xC2 || lead > 0xF4)
        return 0;
    if (lead == 0xE0)
        least = 0xA0;
    else if (lead == 0xED)
        most = 0x9F;
    else if (lead == 0xF0)
        least = 0x90;
    else if (lead == 0xF4)
        most = 0x8F;
    if (at[1] < least || at[1] > most)
        return 0;
    for (unsigned i = 2; i < length; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    return length;
}

#endif
