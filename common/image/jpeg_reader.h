/* jpeg_reader: libjpeg-turbo's decompressor behind a wall: ceilings, and errors that come back as a
 * status. Shared by jpeg.c and jpeg_go.c; not for use outside common/image.
 *
 * libjpeg reports errors by longjmp. Everything that may call it runs inside jpeg_guard(), and all
 * it owns hangs on the reader, so nothing is lost when it is left halfway.
 */
#ifndef COMMON_IMAGE_JPEG_READER_H
#define COMMON_IMAGE_JPEG_READER_H

#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

#include "common/image/codec.h"

struct jpeg_reader {
    struct jpeg_decompress_struct dec;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf escape;
    const struct picture *picture;
    const struct image_decode_options *options; /* NULL when only checking */
    enum status status;
    bool truncated;
    size_t held;      /* bytes of coefficients that libjpeg keeps until the last scan */
    struct image out; /* grows into the result */
    uint8_t *scratch; /* rows on their way; malloc'ed */
};

/* Leaves jpeg_guard() with this verdict. Only inside the guard. */
_Noreturn void jpeg_fail(struct jpeg_reader *reader, enum status status, enum reason reason,
                         const char *text);

/* How many scans the file's markers (ITU-T T.81, annex B) announce; stops counting above `ceiling`.
 * Any thread. */
unsigned jpeg_count_scans(const uint8_t *bytes, size_t size, unsigned ceiling);

/* From jpeg_start_decompress to the last row: raw planes, Go's arithmetic (generation A). Only for
 * YCbCr. Inside the guard. Leaves the rows in reader->out. */
void jpeg_read_planes(struct jpeg_reader *reader);

#endif
