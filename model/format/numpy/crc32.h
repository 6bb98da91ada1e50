/* crc32: the checksum of zip (ISO 3309, polynomial 0xEDB88320 reflected).
 *
 * libdeflate computes it with the CPU's carry-less multiplication: layers of a large net are
 * hundreds of megabytes.
 */
#ifndef MODEL_FORMAT_NUMPY_CRC32_H
#define MODEL_FORMAT_NUMPY_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Continues from `crc` (0 at the start) over `size` bytes. Any thread. */
uint32_t crc32_update(uint32_t crc, const void *bytes, size_t size);

/* What `crc` becomes when `size` more bytes follow, but for those bytes: the sum of A and B, one
 * behind the other, is crc32_shift(sum of A, size of B) ^ sum of B. Any thread. */
uint32_t crc32_shift(uint32_t crc, uint64_t size);

#endif
