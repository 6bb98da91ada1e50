#include "common/pictures.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/hash.h"

enum { PATH_LIMIT = 1 << 12, BLOCK = 1 << 12, FOLDERS = 256, FOLDER_MODE = 0770 };

static bool is_sha256(const char *text)
{
    size_t digits = strspn(text, "0123456789abcdef");
    return digits == SHA256_HEX_SIZE - 1 && !text[digits];
}

enum status picture_path(const char *folder, const char *sha256, enum image_kind kind,
                         struct buf *path, struct error *error)
{
    if (!is_sha256(sha256))
        return error_set(error, STATUS_DATA, "\"%.80s\": no SHA-256 in lower case", sha256);
    if (kind != IMAGE_JPEG && kind != IMAGE_PNG)
        return error_set(error, STATUS_DATA, "%s: only jpeg and png are kept",
                         image_kind_name(kind));
    enum status status = buf_printf(path, "%s/%.2s/%s.%s", folder, sha256, sha256,
                                    kind == IMAGE_JPEG ? "jpg" : "png");
    if (status)
        error_set(error, status, "%.200s: the path is too long", folder);
    return status;
}

bool picture_is_kept(const char *path, size_t size)
{
    struct stat found;
    return lstat(path, &found) == 0 && S_ISREG(found.st_mode) && (uint64_t)found.st_size == size;
}

static enum status cannot(const char *path, const char *what, struct error *error)
{
    enum status status = errno == ENOSPC || errno == EDQUOT ? STATUS_FULL : STATUS_IO;
    return error_set(error, status, "%s: cannot be %s: %s", path, what, strerror(errno));
}

static bool make_folder(const char *path)
{
    return mkdir(path, FOLDER_MODE) == 0 || errno == EEXIST;
}

/* FOLDER/ab, and FOLDER itself when it is not there yet. */
static enum status make_folders(const char *folder, const char *sha256, struct error *error)
{
    char path[PATH_LIMIT];
    if (snprintf(path, sizeof path, "%s/%.2s", folder, sha256) >= (int)sizeof path)
        return error_set(error, STATUS_DATA, "%.200s: the path is too long", folder);
    if (make_folder(path))
        return STATUS_OK;
    if (errno == ENOENT && !make_folder(folder))
        return cannot(folder, "made", error);
    return make_folder(path) ? STATUS_OK : cannot(path, "made", error);
}

enum status picture_write(const char *folder, const char *sha256, enum image_kind kind,
                          const void *bytes, size_t size, struct error *error)
{
    struct buf path;
    buf_init(&path, PATH_LIMIT);
    enum status status = picture_path(folder, sha256, kind, &path, error);
    if (!status)
        status = make_folders(folder, sha256, error);
    if (!status)
        status = file_write(path.data, bytes, size, error);
    buf_free(&path);
    return status;
}

static enum status check_hash(const char *path, const char *sha256, const struct buf *bytes,
                              struct error *error)
{
    char found[SHA256_HEX_SIZE];
    enum status status = hash_sha256(bytes->data, bytes->size, found);
    if (status)
        return error_set(error, status, "%s: its SHA-256 cannot be computed", path);
    if (strcmp(found, sha256) != 0)
        return error_set(error, STATUS_DATA,
                         "%s: its bytes have another SHA-256, %.16s...; remove the file", path,
                         found);
    return STATUS_OK;
}

/* STATUS_NO when nothing is at `path`. */
static enum status read_verified(const char *path, const char *sha256, struct buf *out,
                                 struct error *error)
{
    struct stat found;
    if (stat(path, &found) != 0)
        return errno == ENOENT ? STATUS_NO : cannot(path, "read", error);
    if (!S_ISREG(found.st_mode)) /* a pipe would keep us waiting */
        return error_set(error, STATUS_DATA, "%s: not a file", path);
    enum status status = file_read(path, out, error);
    return status ? status : check_hash(path, sha256, out, error);
}

enum status picture_read(const char *folder, const char *sha256, struct buf *out,
                         struct error *error)
{
    static const enum image_kind kinds[] = {IMAGE_JPEG, IMAGE_PNG};
    enum status status = STATUS_NO;
    for (size_t i = 0; i < 2 && status == STATUS_NO; i++) {
        struct buf path;
        buf_init(&path, PATH_LIMIT);
        status = picture_path(folder, sha256, kinds[i], &path, error);
        if (!status)
            status = read_verified(path.data, sha256, out, error);
        buf_free(&path);
    }
    if (status == STATUS_NO)
        error_set(error, status, "%s: no picture %.16s... is kept here", folder, sha256);
    if (status)
        buf_clear(out);
    return status;
}

uint64_t picture_room(uint64_t size)
{
    return (size + BLOCK - 1) / BLOCK * BLOCK;
}

/* Files that vanish meanwhile count nothing. */
static uint64_t measure_files(DIR *files, uint64_t enough)
{
    uint64_t room = 0;
    struct dirent *entry;
    while (room <= enough && (entry = readdir(files))) {
        struct stat found;
        if (fstatat(dirfd(files), entry->d_name, &found, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(found.st_mode))
            room += picture_room(found.st_size ? (uint64_t)found.st_size : 1);
    }
    return room;
}

static enum status measure_folder(const char *path, uint64_t enough, uint64_t *room,
                                  struct error *error)
{
    DIR *files = opendir(path);
    if (!files)
        return errno == ENOENT ? STATUS_OK : cannot(path, "read", error);
    *room += measure_files(files, enough - *room);
    closedir(files);
    return STATUS_OK;
}

enum status pictures_measure(const char *folder, uint64_t enough, uint64_t *room,
                             struct error *error)
{
    enum status status = STATUS_OK;
    *room = 0;
    for (unsigned i = 0; i < FOLDERS && !status && *room <= enough; i++) {
        char path[PATH_LIMIT];
        if (snprintf(path, sizeof path, "%s/%02x", folder, i) >= (int)sizeof path)
            return error_set(error, STATUS_DATA, "%.200s: the path is too long", folder);
        status = measure_folder(path, enough, room, error);
    }
    return status;
}
