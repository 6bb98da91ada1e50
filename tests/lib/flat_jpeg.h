/* flat_jpeg: JPEG files of one colour, written marker by marker, so that tests can have any kind of
 * file: every SOF type, sampling, size and number of scans, valid or lying.
 */
#ifndef TESTS_LIB_FLAT_JPEG_H
#define TESTS_LIB_FLAT_JPEG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"

struct flat_jpeg {
    uint32_t width, height;
    unsigned components;   /* 1..4 */
    unsigned across, down; /* sampling factors of the first component, 0 means 1; others have 1 */
    uint8_t level[4];      /* sample values */
    unsigned precision;    /* 0 means 8 */
    bool adobe;            /* with an Adobe marker, */
    unsigned transform;    /* and this colour transform: 0 RGB or CMYK, 1 YCbCr, 2 YCCK */
    bool progressive;      /* then: one DC scan and AC scans as below; else one baseline scan */
    unsigned ac_scans;     /* one coefficient of one component each; at most 63 * components */
    bool no_data;          /* leave the entropy-coded data out */
};

/* Appends the file to `out`; ends the program when there is no room. */
void flat_jpeg_write(const struct flat_jpeg *jpeg, struct buf *out);

#endif
