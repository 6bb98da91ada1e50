#include "model/format/numpy/crc32.h"

#include <libdeflate.h>

/* A sum is a polynomial over GF(2) modulo this one, with the coefficient of x^0 in the highest bit.
 */
#define POLYNOMIAL 0xEDB88320U

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

uint32_t crc32_update(uint32_t crc, const void *bytes, size_t size)
{
    return libdeflate_crc32(crc, bytes, size);
}
