#include "engine/preprocess.h"

/* Mean and scale stand in R, G, B order whatever the network's order is. */
void preprocess_normalize(const struct image *picture, const struct preprocessing *how,
                          float *tensor)
{
    size_t count = (size_t)picture->width * picture->height;
    size_t plane = how->layout == LAYOUT_CHW ? count : 1;
    size_t step = how->layout == LAYOUT_CHW ? 1 : 3;
    for (size_t channel = 0; channel < 3; channel++) {
        size_t color = how->color == COLOR_BGR ? 2 - channel : channel;
        float mean = how->mean[color], scale = how->scale[color];
        const uint8_t *source = picture->pixels + color;
        float *target = tensor + channel * plane;
        for (size_t i = 0; i < count; i++)
            target[i * step] = ((float)source[i * 3] - mean) / scale;
    }
}

static void choose_decoding(const struct preprocessing *how, struct image_decode_options *options)
{
    static const enum image_chroma chroma[] = {
        [RESIZE_CARML_B] = IMAGE_CHROMA_REPLICATE,
        [RESIZE_CARML_A] = IMAGE_CHROMA_GO,
        [RESIZE_BILINEAR] = IMAGE_CHROMA_FANCY,
    };
    options->chroma = chroma[how->resize];
    if (how->resize != RESIZE_BILINEAR) {
        options->target_width = how->width;
        options->target_height = how->height;
    }
}

enum status preprocess_picture(const void *bytes, size_t size, const struct preprocessing *how,
                               const struct image_limits *limits, float *tensor,
                               enum reason *reason, struct error *error)
{
    struct image_decode_options options = {.limits = *limits};
    struct image decoded, resized = {0};
    choose_decoding(how, &options);
    enum status status = image_decode(bytes, size, &options, &decoded, reason, error);
    if (status)
        return status;
    status = preprocess_resize(&decoded, how->width, how->height, how->resize, &resized);
    image_free(&decoded);
    if (status) {
        *reason = REASON_internal;
        error_set(error, status, "resizing to %u x %u: %s", how->width, how->height,
                  status_text(status));
    } else {
        preprocess_normalize(&resized, how, tensor);
    }
    image_free(&resized);
    return status;
}
