#include "tests/lib/written_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/file.h"

static struct wire open_field(const struct wire_field *field)
{
    return wire_open("f", field->bytes, field->size);
}

void written_read_back(struct written *written)
{
    struct error error = {""};
    struct wire_field field;
    struct wire wire;

    if (file_read(written->path, &written->bytes, &error))
        fail_msg("%s", error.text);
    wire = wire_open("f", (const unsigned char *)written->bytes.data, written->bytes.size);
    while (wire_next(&wire, &field)) {
        if (field.number != TF_GRAPH_NODE)
            continue;
        assert_true(written->count < WRITTEN_NODES);
        written->nodes[written->count++] = field;
    }
    assert_int_equal(wire_status(&wire, &error), STATUS_OK);
}

static bool text_is(const struct wire_field *field, const char *text)
{
    return field->size == strlen(text) && !memcmp(field->bytes, text, field->size);
}

/* The `index`th field `number` of a message. */
bool written_find(const struct wire_field *message, uint32_t number, size_t index,
                  struct wire_field *out)
{
    struct wire wire = open_field(message);

    while (wire_next(&wire, out)) {
        if (out->number == number && !index--)
            return true;
    }
    return false;
}

static const struct wire_field *node_of(const struct written *written, const char *name)
{
    struct wire_field field;

    for (size_t i = 0; i < written->count; i++) {
        if (written_find(&written->nodes[i], TF_NODE_NAME, 0, &field) && text_is(&field, name))
            return &written->nodes[i];
    }
    fail_msg("no node '%s'", name);
    return NULL;
}

size_t written_count_op(const struct written *written, const char *op)
{
    struct wire_field field;
    size_t count = 0;

    for (size_t i = 0; i < written->count; i++)
        count += written_find(&written->nodes[i], TF_NODE_OP, 0, &field) && text_is(&field, op);
    return count;
}

void written_expect_op(const struct written *written, const char *name, const char *op)
{
    struct wire_field field;

    assert_true(written_find(node_of(written, name), TF_NODE_OP, 0, &field));
    if (!text_is(&field, op))
        fail_msg("'%s' is %.*s instead of %s", name, (int)field.size, (const char *)field.bytes,
                 op);
}

void written_expect_input(const struct written *written, const char *name, size_t index,
                          const char *input)
{
    struct wire_field field;

    assert_true(written_find(node_of(written, name), TF_NODE_INPUT, index, &field));
    if (!text_is(&field, input))
        fail_msg("input %zu of '%s' is %.*s instead of %s", index, name, (int)field.size,
                 (const char *)field.bytes, input);
}

/* The AttrValue of an attribute. */
bool written_has_attr(const struct written *written, const char *name, const char *key,
                      struct wire_field *out)
{
    struct wire_field entry, field;

    for (size_t i = 0; written_find(node_of(written, name), TF_NODE_ATTR, i, &entry); i++) {
        if (written_find(&entry, TF_ENTRY_KEY, 0, &field) && text_is(&field, key))
            return written_find(&entry, TF_ENTRY_VALUE, 0, out);
    }
    return false;
}

void written_expect_text(const struct written *written, const char *name, const char *key,
                         const char *text)
{
    struct wire_field value, field;

    assert_true(written_has_attr(written, name, key, &value));
    assert_true(written_find(&value, TF_ATTR_S, 0, &field));
    if (!text_is(&field, text))
        fail_msg("%s of '%s' is %.*s", key, name, (int)field.size, (const char *)field.bytes);
}

void written_expect_ints(const struct written *written, const char *name, const char *key,
                         size_t count, const int64_t *expected)
{
    struct wire_field value, list, field;
    struct wire wire;
    uint64_t number;

    assert_true(written_has_attr(written, name, key, &value));
    assert_true(written_find(&value, TF_ATTR_LIST, 0, &list));
    assert_true(written_find(&list, TF_ATTR_I, 0, &field));
    wire = open_field(&field);
    for (size_t i = 0; i < count; i++) {
        assert_true(wire_varint(&wire, &number));
        assert_int_equal(number, expected[i]);
    }
    assert_true(wire.at == wire.end);
}

/* The content of a constant, of `size` bytes. */
const unsigned char *written_content(const struct written *written, const char *name, size_t size)
{
    struct wire_field value, tensor, field;

    assert_true(written_has_attr(written, name, "value", &value));
    assert_true(written_find(&value, TF_ATTR_TENSOR, 0, &tensor));
    assert_true(written_find(&tensor, TF_TENSOR_CONTENT, 0, &field));
    assert_int_equal(field.size, size);
    return field.bytes;
}

float written_float_at(const unsigned char *bytes, size_t index)
{
    float value;

    memcpy(&value, bytes + index * sizeof value, sizeof value);
    return value;
}

int32_t written_int_at(const unsigned char *bytes, size_t index)
{
    int32_t value;

    memcpy(&value, bytes + index * sizeof value, sizeof value);
    return value;
}
