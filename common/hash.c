#include "common/hash.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void to_hex(const unsigned char *digest, unsigned size, char *hex)
{
    static const char digits[] = "0123456789abcdef";
    for (unsigned i = 0; i < size; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[2 * size] = '\0';
}

enum status hash_sha256(const void *bytes, size_t size, char hex[SHA256_HEX_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length;
    if (!EVP_Digest(bytes, size, digest, &length, EVP_sha256(), NULL))
        return STATUS_INTERNAL;
    to_hex(digest, length, hex);
    return STATUS_OK;
}

static enum status feed_file(EVP_MD_CTX *context, const char *path, struct error *error)
{
    enum { PIECE = 1 << 16 };
    enum status status = STATUS_OK;
    char *piece = malloc(PIECE);
    FILE *file = fopen(path, "rb");
    if (!file) {
        status = error_set(error, STATUS_IO,
                           "%s: cannot be read: %s; check the path and its permissions", path,
                           strerror(errno));
        goto out;
    }
    if (!piece) {
        status = error_set(error, STATUS_MEMORY, "%s: out of memory while hashing", path);
        goto out;
    }
    size_t n;
    while ((n = fread(piece, 1, PIECE, file)) > 0)
        EVP_DigestUpdate(context, piece, n);
    if (ferror(file))
        status = error_set(error, STATUS_IO, "%s: read error: %s", path, strerror(errno));
out:
    if (file)
        fclose(file);
    free(piece);
    return status;
}

static enum status hash_files(const char *const *paths, size_t count, const EVP_MD *kind, char *hex,
                              struct error *error)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    enum status status = STATUS_OK;
    if (!context || !EVP_DigestInit_ex(context, kind, NULL))
        status = error_set(error, STATUS_MEMORY, "%s: out of memory while hashing", paths[0]);
    for (size_t i = 0; !status && i < count; i++)
        status = feed_file(context, paths[i], error);
    if (!status) {
        EVP_DigestFinal_ex(context, digest, &length);
        to_hex(digest, length, hex);
    }
    EVP_MD_CTX_free(context);
    return status;
}

static enum status feed_descriptor(EVP_MD_CTX *context, int descriptor)
{
    char piece[1 << 14];
    off_t place = 0;
    for (;;) {
        ssize_t got = pread(descriptor, piece, sizeof piece, place);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? STATUS_IO : STATUS_OK;
        EVP_DigestUpdate(context, piece, (size_t)got);
        place += got;
    }
}

enum status hash_sha256_descriptor(int descriptor, char hex[SHA256_HEX_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    enum status status = STATUS_MEMORY;
    if (context && EVP_DigestInit_ex(context, EVP_sha256(), NULL))
        status = feed_descriptor(context, descriptor);
    if (!status) {
        EVP_DigestFinal_ex(context, digest, &length);
        to_hex(digest, length, hex);
    }
    EVP_MD_CTX_free(context);
    return status;
}

enum status hash_sha256_files(const char *const *paths, size_t count, char hex[SHA256_HEX_SIZE],
                              struct error *error)
{
    return hash_files(paths, count, EVP_sha256(), hex, error);
}

enum status hash_sha256_file(const char *path, char hex[SHA256_HEX_SIZE], struct error *error)
{
    return hash_files(&path, 1, EVP_sha256(), hex, error);
}

enum status hash_md5_file(const char *path, char hex[MD5_HEX_SIZE], struct error *error)
{
    return hash_files(&path, 1, EVP_md5(), hex, error);
}

enum status base64_append(struct buf *out, const void *bytes, size_t size)
{
    const unsigned char *from = bytes;
    enum { PIECE = 48 * 1024 };
    while (size > 0) {
        size_t n = size < PIECE ? size : PIECE;
        char *end;
        enum status status = buf_reserve(out, (n + 2) / 3 * 4 + 1, &end);
        if (status)
            return status;
        out->size += (size_t)EVP_EncodeBlock((unsigned char *)end, from, (int)n);
        from += n;
        size -= n;
    }
    return STATUS_OK;
}

enum status base64_decode(struct buf *out, const char *text, size_t size)
{
    enum { PIECE = 64 * 1024 };
    if (size % 4 != 0)
        return STATUS_DATA;
    while (size > 0) {
        size_t n = size < PIECE ? size : PIECE;
        char *end;
        enum status status = buf_reserve(out, n / 4 * 3, &end);
        if (status)
            return status;
        int length = EVP_DecodeBlock((unsigned char *)end, (const unsigned char *)text, (int)n);
        if (length < 0)
            return STATUS_DATA;
        size_t padding = 0;
        if (n == size)
            padding = text[n - 1] != '=' ? 0 : text[n - 2] != '=' ? 1 : 2;
        out->size += (size_t)length - padding;
        out->data[out->size] = '\0';
        text += n;
        size -= n;
    }
    return STATUS_OK;
}
