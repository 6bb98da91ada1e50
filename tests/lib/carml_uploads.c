/* carml_uploads: tus 1.0.0 resumable uploads (tus.io/protocols/resumable-upload), core with
 * creation, creation-with-upload and termination. The newest 16384 uploads within 512 MiB are kept.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/lib/carml_call.h"

enum { SLOTS = 16384, MAX_UPLOAD = 64 << 20, MAX_TOTAL = 512 << 20, ID_SIZE = 33 };

struct upload {
    char id[ID_SIZE]; /* "": free; its first eight digits are the slot */
    size_t length;
    struct buf bytes;
};

struct uploads {
    struct upload slots[SLOTS];
    size_t next, oldest, total;
};

enum status uploads_create(struct uploads **out)
{
    *out = calloc(1, sizeof **out);
    return *out ? STATUS_OK : STATUS_MEMORY;
}

static void drop(struct uploads *uploads, struct upload *upload)
{
    uploads->total -= upload->bytes.size;
    buf_free(&upload->bytes);
    upload->id[0] = '\0';
}

void uploads_free(struct uploads *uploads)
{
    for (size_t i = 0; uploads && i < SLOTS; i++)
        buf_free(&uploads->slots[i].bytes);
    free(uploads);
}

/* Makes room by forgetting the oldest; `keep` stays. */
static void make_room(struct uploads *uploads, const struct upload *keep)
{
    while (uploads->total > MAX_TOTAL && uploads->oldest + 1 < uploads->next) {
        struct upload *upload = &uploads->slots[uploads->oldest++ % SLOTS];
        if (upload != keep && upload->id[0])
            drop(uploads, upload);
    }
}

static struct upload *find(struct uploads *uploads, const char *id)
{
    char digits[9];
    snprintf(digits, sizeof digits, "%.8s", id);
    struct upload *upload = &uploads->slots[strtoul(digits, NULL, 16) % SLOTS];
    return *id && !strcmp(upload->id, id) ? upload : NULL;
}

/* Answers without a body; `headers` may be NULL. */
static void answer(const struct call *call, unsigned status, const char *headers)
{
    char lines[1024];
    snprintf(lines, sizeof lines,
             "Tus-Resumable: 1.0.0\r\nX-Content-Type-Options: nosniff\r\nX-Request-Id: %s\r\n%s",
             call->request_id, headers ? headers : "");
    server_answer(call->exchange, &(struct server_answer){.status = status, .headers = lines});
}

static bool has_bytes(const struct call *call)
{
    const char *type = server_find_header(call->request, "Content-Type");
    return type && !strcasecmp(type, "application/offset+octet-stream");
}

/* Appends the request's body; returns the status to answer with. */
static unsigned append(struct uploads *uploads, struct upload *upload, const struct call *call)
{
    size_t size = call->request->body_size;
    if (size > upload->length - upload->bytes.size ||
        buf_append(&upload->bytes, call->request->body, size))
        return 413;
    uploads->total += size;
    make_room(uploads, upload);
    return 204;
}

static void create(struct uploads *uploads, struct call *call)
{
    const char *length = server_find_header(call->request, "Upload-Length");
    const char *host = server_find_header(call->request, "Host");
    char *end = NULL;
    unsigned long long size = length ? strtoull(length, &end, 10) : 0;
    char headers[512];
    if (!length || end == length || *end || *length == '-') {
        answer(call, 400, NULL);
        return;
    }
    if (size > MAX_UPLOAD) {
        answer(call, 413, NULL);
        return;
    }
    size_t slot = uploads->next++ % SLOTS;
    struct upload *upload = &uploads->slots[slot];
    if (upload->id[0])
        drop(uploads, upload);
    snprintf(upload->id, ID_SIZE, "%08zx", slot);
    wire_trace_id(upload->id + 8, ID_SIZE - 9);
    upload->length = (size_t)size;
    buf_init(&upload->bytes, MAX_UPLOAD);
    if (has_bytes(call) && append(uploads, upload, call) == 413) {
        drop(uploads, upload);
        answer(call, 413, NULL);
        return;
    }
    tally_count(call->carml->tally, "uploads");
    snprintf(headers, sizeof headers,
             "Location: http://%.200s/api/upload/%s\r\nUpload-Offset: %zu\r\n",
             host ? host : "127.0.0.1", upload->id, upload->bytes.size);
    answer(call, 201, headers);
}

static void patch(struct uploads *uploads, struct upload *upload, struct call *call)
{
    const char *offset = server_find_header(call->request, "Upload-Offset");
    char headers[64];
    if (!has_bytes(call)) {
        answer(call, 415, NULL);
        return;
    }
    if (!offset || strtoull(offset, NULL, 10) != upload->bytes.size) {
        answer(call, 409, NULL);
        return;
    }
    unsigned status = append(uploads, upload, call);
    snprintf(headers, sizeof headers, "Upload-Offset: %zu\r\n", upload->bytes.size);
    answer(call, status, status == 204 ? headers : NULL);
}

static void head(struct uploads *uploads, struct upload *upload, struct call *call)
{
    char headers[160];
    (void)uploads;
    snprintf(headers, sizeof headers,
             "Cache-Control: no-store\r\nUpload-Offset: %zu\r\nUpload-Length: %zu\r\n",
             upload->bytes.size, upload->length);
    answer(call, 200, headers);
}

/* The bytes are copied: the upload may be dropped while they are on their way. */
static void get(struct uploads *uploads, struct upload *upload, struct call *call)
{
    struct text copy;
    (void)uploads;
    text_init(&copy, MAX_UPLOAD);
    text_put(&copy, upload->bytes.data, upload->bytes.size);
    size_t size = copy.buf.size;
    char *owned = buf_take(&copy.buf);
    server_answer(call->exchange, &(struct server_answer){.status = 200,
                                                          .type = "application/octet-stream",
                                                          .body = {{owned, size}},
                                                          .owned = owned});
}

static void terminate(struct uploads *uploads, struct upload *upload, struct call *call)
{
    drop(uploads, upload);
    answer(call, 204, NULL);
}

static const struct method {
    const char *name;
    bool tus; /* needs the protocol's version header */
    void (*handle)(struct uploads *uploads, struct upload *upload, struct call *call);
} methods[] = {
    {"PATCH", true, patch},
    {"HEAD", true, head},
    {"GET", false, get},
    {"DELETE", true, terminate},
};

/* Calls on an upload that is there. */
static void handle_upload(struct uploads *uploads, struct upload *upload, struct call *call)
{
    const char *version = server_find_header(call->request, "Tus-Resumable");
    bool versioned = version && !strcmp(version, "1.0.0");
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (!strcmp(methods[i].name, call->request->method)) {
            if (methods[i].tus && !versioned)
                answer(call, 412, "Tus-Version: 1.0.0\r\n");
            else
                methods[i].handle(uploads, upload, call);
            return;
        }
    answer(call, 405, NULL);
}

void uploads_handle(struct call *call)
{
    struct uploads *uploads = call->carml->uploads;
    const struct server_request *request = call->request;
    const char *id = request->path + strlen("/api/upload");
    const char *version = server_find_header(request, "Tus-Resumable");
    id += *id == '/';
    struct upload *upload = find(uploads, id);
    if (!strcmp(request->method, "OPTIONS"))
        answer(call, 204,
               "Tus-Version: 1.0.0\r\n"
               "Tus-Extension: creation,creation-with-upload,termination\r\n");
    else if (upload)
        handle_upload(uploads, upload, call);
    else if (*id || strcmp(request->method, "POST") != 0)
        answer(call, *id ? 404 : 405, NULL);
    else if (!version || strcmp(version, "1.0.0") != 0)
        answer(call, 412, "Tus-Version: 1.0.0\r\n");
    else
        create(uploads, call);
}
