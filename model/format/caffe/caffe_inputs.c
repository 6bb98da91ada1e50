/* The inputs of a Caffe network: said as such, or in the place of a data layer. */
#include <string.h>

#include "model/format/caffe/caffe_reading.h"

void caffe_read_shape(struct prototxt_reader *reader, const struct prototxt_field *message,
                      struct shape *shape)
{
    const struct prototxt_field *dim = prototxt_find(message, "dim");

    shape->dims = 0;
    for (; dim && !reader->status; dim = prototxt_find_next(dim)) {
        if (shape->dims == SHAPE_MAX_DIMS)
            prototxt_fail(reader, dim, STATUS_LIMIT, "a shape has more than %d dimensions",
                          SHAPE_MAX_DIMS);
        else
            shape->dim[shape->dims++] = prototxt_field_int(reader, dim, 1, INT32_MAX);
    }
    if (!shape->dims && message)
        prototxt_fail(reader, message, STATUS_DATA, "the shape of the input is missing");
}

static void add_input(struct caffe_reading *reading, const char *name, const char *top,
                      const struct shape *shape, unsigned line)
{
    struct node *node;

    if (reading->reader.status)
        return;
    reading->reader.status = graph_add(reading->graph, operator_info(OPERATOR_INPUT), name, NULL, 0,
                                       &top, 1, line, &node, reading->reader.error);
    if (!reading->reader.status)
        node->parameters.input.shape = *shape;
}

/* ---- `input` at the top of the file ---- */

/* Four `input_dim` fields per input, counted from `index`. */
static void read_input_dims(struct caffe_reading *reading, const struct prototxt_field *input,
                            size_t index, struct shape *shape)
{
    const struct prototxt_field *dim = prototxt_find(reading->root, "input_dim");

    for (size_t i = 0; i < 4 * index && dim; i++)
        dim = prototxt_find_next(dim);
    for (shape->dims = 0; shape->dims < 4 && dim; dim = prototxt_find_next(dim))
        shape->dim[shape->dims++] = prototxt_field_int(&reading->reader, dim, 1, INT32_MAX);
    if (!shape->dims && reading->input_shape.dims)
        *shape = reading->input_shape;
    else if (shape->dims < 4)
        prototxt_fail(&reading->reader, input, STATUS_DATA,
                      "input '%s' has no shape; add input_shape { dim: ... } or give "
                      "--input-shape N,C,H,W",
                      input->text);
}

/* With input_shape (one each, or one for all) or input_dim (upgrade_proto.cpp, UpgradeNetInput). */
void caffe_add_inputs(struct caffe_reading *reading)
{
    const struct prototxt_field *input = prototxt_find(reading->root, "input");
    const struct prototxt_field *message = prototxt_find(reading->root, "input_shape");
    bool dims = message == NULL, once = prototxt_count(reading->root, "input_shape") == 1;
    struct shape shape;

    for (size_t i = 0; input && !reading->reader.status; i++) {
        const char *name = prototxt_field_string(&reading->reader, input);
        if (dims)
            read_input_dims(reading, input, i, &shape);
        else if (message && message->kind == PROTOTXT_MESSAGE)
            caffe_read_shape(&reading->reader, message, &shape);
        else
            prototxt_fail(&reading->reader, input, STATUS_DATA, "input '%s' has no input_shape",
                          name);
        add_input(reading, name, name, &shape, input->line);
        message = message && !once ? prototxt_find_next(message) : message;
        input = prototxt_find_next(input);
    }
}

/* ---- Input layers ---- */

static void missing_shape(struct caffe_reading *reading, const struct prototxt_field *layer,
                          const char *what)
{
    prototxt_fail(&reading->reader, layer, STATUS_DATA,
                  "layer '%s' (%s) %s; give --input-shape N,C,H,W",
                  caffe_layer_label(reading, layer), caffe_layer_type(reading, layer), what);
}

/* input_layer.cpp: one shape for all tops, or one each. */
void caffe_add_input_layer(struct caffe_reading *reading, const struct prototxt_field *layer)
{
    struct prototxt_reader *reader = &reading->reader;
    const struct prototxt_field *top = prototxt_find(layer, "top");
    const struct prototxt_field *parameters = prototxt_message(reader, layer, "input_param");
    const struct prototxt_field *message = prototxt_find(parameters, "shape");
    size_t shapes = prototxt_count(parameters, "shape");
    struct shape shape = reading->input_shape;

    if (!shapes && !shape.dims)
        missing_shape(reading, layer, "does not say its shape");
    else if (shapes > 1 && shapes != prototxt_count(layer, "top"))
        prototxt_fail(reader, layer, STATUS_DATA,
                      "Input layer '%s' needs one shape, or one for each top",
                      caffe_layer_label(reading, layer));
    while (top && !reader->status) {
        if (message)
            caffe_read_shape(reader, message, &shape);
        add_input(reading, caffe_layer_label(reading, layer), prototxt_field_string(reader, top),
                  &shape, layer->line);
        top = prototxt_find_next(top);
        message = shapes > 1 ? prototxt_find_next(message) : message;
    }
}

/* ---- data layers ---- */

/* Value `index` of a repeated field, or its only one; 0 when there is none. */
static int64_t repeated(struct prototxt_reader *reader, const struct prototxt_field *message,
                        const char *name, size_t index)
{
    const struct prototxt_field *field = prototxt_find(message, name);

    if (field && prototxt_count(message, name) > 1) {
        for (size_t i = 0; i < index && field; i++)
            field = prototxt_find_next(field);
    }
    return field ? prototxt_field_int(reader, field, 1, INT32_MAX) : 0;
}

/* dummy_data_layer.cpp: `shape`, or num, channels, height and width; one for all tops or one each.
 */
static bool dummy_shape(struct caffe_reading *reading, const struct prototxt_field *layer,
                        size_t index, struct shape *shape)
{
    static const char *const names[] = {"num", "channels", "height", "width"};
    struct prototxt_reader *reader = &reading->reader;
    const struct prototxt_field *message = prototxt_message(reader, layer, "dummy_data_param");
    const struct prototxt_field *field = prototxt_find(message, "shape");

    if (field) {
        for (size_t i = 0; i < index && prototxt_count(message, "shape") > 1 && field; i++)
            field = prototxt_find_next(field);
        caffe_read_shape(reader, field, shape);
        return field != NULL;
    }
    *shape = (struct shape){.dims = 4};
    for (int i = 0; i < 4; i++)
        shape->dim[i] = repeated(reader, message, names[i], index);
    return shape->dim[0] && shape->dim[1] && shape->dim[2] && shape->dim[3];
}

static bool memory_shape(struct caffe_reading *reading, const struct prototxt_field *layer,
                         struct shape *shape)
{
    static const char *const names[] = {"batch_size", "channels", "height", "width"};
    const struct prototxt_field *message =
        prototxt_message(&reading->reader, layer, "memory_data_param");

    *shape = (struct shape){.dims = 4};
    for (int i = 0; i < 4; i++)
        shape->dim[i] = prototxt_int(&reading->reader, message, names[i], 1, INT32_MAX, 0);
    return message != NULL && shape->dim[0] && shape->dim[1] && shape->dim[2] && shape->dim[3];
}

/* The side of the square that training cuts out; older files say it beside the source. */
static int64_t crop_size(struct caffe_reading *reading, const struct prototxt_field *layer)
{
    static const char *const messages[] = {"transform_param", "data_param", "image_data_param",
                                           "window_data_param"};
    int64_t size = 0;

    for (size_t i = 0; i < sizeof messages / sizeof *messages && !size; i++) {
        const struct prototxt_field *message =
            prototxt_message(&reading->reader, layer, messages[i]);
        size = prototxt_int(&reading->reader, message, "crop_size", 0, INT32_MAX, 0);
    }
    return size;
}

/* One colour image of the size that the layer cuts out or scales to; grey where it says so. */
static bool image_shape(struct caffe_reading *reading, const struct prototxt_field *layer,
                        struct shape *shape)
{
    struct prototxt_reader *reader = &reading->reader;
    const struct prototxt_field *image = prototxt_message(reader, layer, "image_data_param");
    const struct prototxt_field *transform = prototxt_message(reader, layer, "transform_param");
    bool grey = !prototxt_bool(reader, image, "is_color", true) ||
                prototxt_bool(reader, transform, "force_gray", false);
    int64_t crop = crop_size(reading, layer);

    *shape = (struct shape){.dims = 4, .dim = {1, grey ? 1 : 3, crop, crop}};
    if (!crop) {
        shape->dim[2] = prototxt_int(reader, image, "new_height", 0, INT32_MAX, 0);
        shape->dim[3] = prototxt_int(reader, image, "new_width", 0, INT32_MAX, 0);
    }
    return shape->dim[2] && shape->dim[3];
}

static bool data_shape(struct caffe_reading *reading, const struct prototxt_field *layer,
                       struct shape *shape)
{
    if (dummy_shape(reading, layer, 0, shape) || memory_shape(reading, layer, shape))
        return true;
    if (!reading->input_shape.dims)
        return image_shape(reading, layer, shape);
    *shape = reading->input_shape;
    return true;
}

/* True when a layer other than a loss reads `top`. */
static bool is_read(struct caffe_reading *reading, const char *top)
{
    const struct prototxt_field *layer = NULL, *bottom;

    while ((layer = caffe_next_layer(reading, layer))) {
        enum caffe_role role = caffe_role_of(reading, layer, caffe_layer_type(reading, layer));
        bottom = role == CAFFE_LAYER || role == CAFFE_AXPY ? prototxt_find(layer, "bottom") : NULL;
        for (; bottom; bottom = prototxt_find_next(bottom)) {
            if (bottom->kind == PROTOTXT_STRING && !strcmp(bottom->text, top))
                return true;
        }
    }
    return false;
}

void caffe_add_data_layer(struct caffe_reading *reading, const struct prototxt_field *layer)
{
    struct prototxt_reader *reader = &reading->reader;
    const struct prototxt_field *top = prototxt_find(layer, "top");
    const char *label = caffe_layer_label(reading, layer);
    struct shape shape;

    for (size_t i = 0; top && !reader->status; i++, top = prototxt_find_next(top)) {
        const char *name = prototxt_field_string(reader, top);
        if (i == 0 && !data_shape(reading, layer, &shape))
            missing_shape(reading, layer, "does not say how large its images are");
        else if (i == 0)
            add_input(reading, name, name, &shape, layer->line);
        else if (dummy_shape(reading, layer, i, &shape) && is_read(reading, name))
            add_input(reading, name, name, &shape, layer->line);
        else
            caffe_leave_out(reading, name);
    }
    if (!prototxt_find(layer, "top"))
        prototxt_fail(reader, layer, STATUS_DATA, "data layer '%s' has no top", label);
}
