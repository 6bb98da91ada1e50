/* CRC-32: every way to take it gives what dividing bit by bit gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/format/numpy/crc32.h"
#include "tests/lib/random.h"

enum { SIZE = 1000 };

static unsigned char bytes[SIZE];

static void fill(void)
{
    uint64_t random = 5;

    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (unsigned char)random_next(&random);
}

static uint32_t bit_by_bit(const unsigned char *at, size_t size)
{
    uint32_t rest = UINT32_MAX;

    for (; size; size--) {
        rest ^= *at++;
        for (int bit = 0; bit < 8; bit++)
            rest = rest >> 1 ^ (rest & 1 ? 0xEDB88320U : 0);
    }
    return ~rest;
}

/* The check value of the catalogue of CRC algorithms. */
static void the_sum_of_123456789_is_the_published_one(void **state)
{
    (void)state;
    assert_int_equal(crc32_update(0, "123456789", 9), 0xCBF43926U);
}

static void every_size_and_address_gives_the_same_sum(void **state)
{
    (void)state;
    fill();
    for (size_t size = 0; size <= 300; size++) {
        for (size_t at = 0; at < 20; at++)
            assert_int_equal(crc32_update(0, bytes + at, size), bit_by_bit(bytes + at, size));
    }
}

static void parts_sum_up_in_order_and_out_of_order(void **state)
{
    uint32_t whole;

    (void)state;
    fill();
    whole = bit_by_bit(bytes, SIZE);
    for (size_t cut = 0; cut <= SIZE; cut++) {
        uint32_t first = crc32_update(0, bytes, cut);
        uint32_t second = crc32_update(0, bytes + cut, SIZE - cut);
        assert_int_equal(crc32_update(first, bytes + cut, SIZE - cut), whole);
        assert_int_equal(crc32_shift(first, SIZE - cut) ^ second, whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sum_of_123456789_is_the_published_one),
        cmocka_unit_test(every_size_and_address_gives_the_same_sum),
        cmocka_unit_test(parts_sum_up_in_order_and_out_of_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
