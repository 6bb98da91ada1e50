/* hash: SHA-256 (FIPS 180-4) of pictures, manifests and models; MD5 (RFC 1321) because CarML's
 * manifests carry MD5 checksums; hexadecimal and base64 (RFC 4648 section 4) text. libcrypto does
 * the work: libcurl has loaded it already and it uses the CPU's SHA instructions.
 */
#ifndef COMMON_HASH_H
#define COMMON_HASH_H

#include <stddef.h>

#include "common/buf.h"
#include "common/status.h"

enum { SHA256_HEX_SIZE = 65, MD5_HEX_SIZE = 33 };

/* Writes the digest of `size` bytes as lower-case hexadecimal, NUL-terminated. Any thread. */
enum status hash_sha256(const void *bytes, size_t size, char hex[SHA256_HEX_SIZE]) MUST_CHECK;

/* The same for a file, read in pieces. Errors: STATUS_IO with the path in `error`. */
enum status hash_sha256_file(const char *path, char hex[SHA256_HEX_SIZE],
                             struct error *error) MUST_CHECK;

/* The digest of several files one after the other, as `cat FILES | sha256sum` gives it. */
enum status hash_sha256_files(const char *const *paths, size_t count, char hex[SHA256_HEX_SIZE],
                              struct error *error) MUST_CHECK;

/* The same for an open file that can be read from any place: from its beginning to its end; where
 * it stands does not change. STATUS_IO leaves the reason in errno. */
enum status hash_sha256_descriptor(int descriptor, char hex[SHA256_HEX_SIZE]) MUST_CHECK;

enum status hash_md5_file(const char *path, char hex[MD5_HEX_SIZE], struct error *error) MUST_CHECK;

/* Appends the base64 text of `size` bytes, with padding. */
enum status base64_append(struct buf *out, const void *bytes, size_t size) MUST_CHECK;

/* Appends the bytes that the base64 `text` stands for. STATUS_DATA when it is not base64. */
enum status base64_decode(struct buf *out, const char *text, size_t size) MUST_CHECK;

#endif
