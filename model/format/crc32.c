#include "model/format/crc32.h"

#include <pthread.h>

/* A sum is a polynomial over GF(2) modulo this one, with the coefficient of x^0 in the highest bit.
 */
#define POLYNOMIAL 0xEDB88320U

/* Sixteen bytes at a step ("slicing by N", Kounavis and Berry, 2005): layers of a large net are
 * hundreds of megabytes. */
enum { SLICES = 16 };

static uint32_t tables[SLICES][256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static uint32_t times_x(uint32_t value)
{
    return value >> 1 ^ (value & 1 ? POLYNOMIAL : 0);
}

static uint32_t multiply(uint32_t a, uint32_t b)
{
    uint32_t product = 0;

    for (; a; a <<= 1, b = times_x(b))
        product ^= a >> 31 ? b : 0;
    return product;
}

static uint32_t power_of_x(uint64_t exponent)
{
    uint32_t result = 1U << 31, square = 1U << 30;

    for (; exponent; exponent >>= 1, square = multiply(square, square))
        result = exponent & 1 ? multiply(result, square) : result;
    return result;
}

uint32_t crc32_shift(uint32_t crc, uint64_t size)
{
    return multiply(crc, power_of_x(8 * size));
}

static void fill_tables(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; bit++)
            value = times_x(value);
        tables[0][i] = value;
    }
    for (uint32_t i = 0; i < 256; i++) {
        for (int k = 1; k < SLICES; k++)
            tables[k][i] = tables[k - 1][i] >> 8 ^ tables[0][tables[k - 1][i] & 0xff];
    }
}

static uint32_t get32(const unsigned char *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* What four bytes do to the sum when `last` + 3 more of the step stand behind the first of them. */
static uint32_t look_up(uint32_t word, int last)
{
    return tables[last + 3][word & 0xff] ^ tables[last + 2][word >> 8 & 0xff] ^
           tables[last + 1][word >> 16 & 0xff] ^ tables[last][word >> 24];
}

uint32_t crc32_update(uint32_t crc, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    uint32_t rest = ~crc;

    pthread_once(&once, fill_tables);
    for (; size >= SLICES; size -= SLICES, at += SLICES)
        rest = look_up(rest ^ get32(at), 12) ^ look_up(get32(at + 4), 8) ^
               look_up(get32(at + 8), 4) ^ look_up(get32(at + 12), 0);
    for (; size; size--)
        rest = rest >> 8 ^ tables[0][(rest ^ *at++) & 0xff];
    return ~rest;
}
