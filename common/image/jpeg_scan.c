#include "common/image/jpeg_reader.h"

#include <string.h>

enum { MARKER_SOS = 0xda, MARKER_EOI = 0xd9, MARKER_RST0 = 0xd0, MARKER_RST7 = 0xd7 };

/* True when the marker stands alone instead of opening a segment with a length: stuffed zero, fill
 * byte, TEM, RST0..7 and SOI. */
static bool stands_alone(uint8_t marker)
{
    return marker <= 0x01 || marker == 0xff || (marker >= MARKER_RST0 && marker <= MARKER_RST7) ||
           marker == 0xd8;
}

unsigned jpeg_count_scans(const uint8_t *bytes, size_t size, unsigned ceiling)
{
    unsigned scans = 0;
    size_t at = 0;
    while (scans <= ceiling && at + 3 < size) {
        const uint8_t *found = memchr(bytes + at, 0xff, size - at - 3);
        if (!found)
            break;
        at = (size_t)(found - bytes) + 1;
        if (stands_alone(bytes[at])) {
            at += bytes[at] != 0xff;
            continue;
        }
        if (bytes[at] == MARKER_EOI)
            break;
        scans += bytes[at] == MARKER_SOS;
        at += 1 + ((size_t)bytes[at + 1] << 8 | bytes[at + 2]);
    }
    return scans;
}
