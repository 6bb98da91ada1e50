#include "tests/lib/carml_wire.h"

#include <math.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static void random_bytes(unsigned char *bytes, size_t size)
{
    if (getrandom(bytes, size, 0) != (ssize_t)size)
        for (size_t i = 0; i < size; i++)
            bytes[i] = (unsigned char)(random() >> 8);
}

void wire_uuid(char uuid[UUID_SIZE])
{
    unsigned char b[16];
    random_bytes(b, sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    snprintf(uuid, UUID_SIZE,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
}

void wire_trace_id(char *id, size_t digits)
{
    unsigned char bytes[16];
    random_bytes(bytes, sizeof bytes);
    bytes[0] |= 0x10;
    for (size_t i = 0; i < digits; i++)
        id[i] = "0123456789abcdef"[bytes[i / 2] >> (i % 2 ? 0 : 4) & 15];
    id[digits] = '\0';
}

/* A BSON object id as globalsign/mgo/bson makes them: seconds, machine and process, counter. */
static void object_id(char id[25])
{
    static atomic_uint counter;
    snprintf(id, 25, "%08x%010x%06x", (unsigned)time(NULL), 0xb195b327u,
             atomic_fetch_add(&counter, 1) & 0xffffffu);
}

static void put_label(struct text *text, const char *name, const char *label,
                      struct wire_style style)
{
    char marked[1024];
    if (style.marked) {
        snprintf(marked, sizeof marked, "<> %s", label);
        label = marked;
    }
    if (!*label)
        return;
    text_add(text, name);
    text_json(text, label, style.marked || style.generation == GENERATION_A);
}

static void put_feature_a(struct text *text, const struct wire_classes *classes, size_t index,
                          struct wire_style style)
{
    const char *comma = "";
    text_add(text, "{");
    if (index) {
        text_printf(text, "\"index\":%zu", index);
        comma = ",";
    }
    size_t before = text->buf.size;
    put_label(text, index ? ",\"name\":" : "\"name\":", classes->label(classes->context, index),
              style);
    if (text->buf.size != before)
        comma = ",";
    if (classes->probabilities[index] != 0) {
        text_printf(text, "%s\"probability\":", comma);
        text_float32(text, classes->probabilities[index]);
    }
    text_add(text, "}");
}

static void put_feature_b(struct text *text, const struct wire_classes *classes, size_t index,
                          struct wire_style style)
{
    char id[25];
    object_id(id);
    text_add(text, "{\"classification\":{");
    if (index)
        text_printf(text, "\"index\":%zu", index);
    put_label(text, index ? ",\"label\":" : "\"label\":", classes->label(classes->context, index),
              style);
    text_printf(text, "},\"id\":\"%s\",", id);
    if (classes->probabilities[index] != 0) {
        text_add(text, "\"probability\":");
        text_float32(text, classes->probabilities[index]);
        text_add(text, ",");
    }
    text_add(text, "\"type\":\"CLASSIFICATION\"}");
}

static int compare_classes(const void *a, const void *b, void *context)
{
    const float *probabilities = context;
    uint32_t i, j;
    memcpy(&i, a, sizeof i);
    memcpy(&j, b, sizeof j);
    if (probabilities[i] != probabilities[j])
        return probabilities[i] < probabilities[j] ? 1 : -1;
    return i < j ? -1 : 1;
}

void wire_features(struct text *text, const struct wire_classes *classes, struct wire_style style)
{
    uint32_t *order = calloc(classes->count + 1, sizeof *order);
    if (!order && !text->status)
        text->status = STATUS_MEMORY;
    if (text->status)
        goto out;
    for (size_t i = 0; i < classes->count; i++) {
        order[i] = (uint32_t)i;
        if (!isfinite(classes->probabilities[i]))
            text->status = STATUS_DATA;
    }
    if (text->status)
        goto out;
    if (style.generation == GENERATION_B)
        qsort_r(order, classes->count, sizeof *order, compare_classes,
                (void *)(uintptr_t)classes->probabilities);
    text_add(text, "[");
    for (size_t i = 0; i < classes->count; i += style.incomplete ? 2 : 1) {
        text_add(text, i ? "," : "");
        if (style.generation == GENERATION_A)
            put_feature_a(text, classes, order[i], style);
        else
            put_feature_b(text, classes, order[i], style);
    }
    text_add(text, "]");
out:
    free(order);
}

void wire_response_begin(struct text *text)
{
    text_add(text, "{\"features\":");
}

void wire_response_end(struct text *text, const char *request_id, bool html)
{
    char id[UUID_SIZE], input_id[UUID_SIZE];
    wire_uuid(id);
    wire_uuid(input_id);
    text_printf(text, ",\"id\":\"%s\",\"input_id\":\"%s\",\"request_id\":", id, input_id);
    text_json(text, request_id, html);
    text_add(text, "}");
}

void wire_error(struct text *text, const char *name, const char *message, const char *handler)
{
    for (const char *c = message; *c; c++)
        if (*c == '"' || *c == '\\' || (unsigned char)*c < 0x20)
            return;
    text_printf(text, "{\"name\":\"%s\",\"message\":\"%s\",\"code\":400,\"stack\":[\"%s\",", name,
                message, message);
    text_printf(text,
                "\"github.com/rai-project/dlframework/http.%s\","
                "\"\\t/go/src/github.com/rai-project/dlframework/http/predict.go:318\"]}\n",
                handler);
}
