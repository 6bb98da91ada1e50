/* preprocess: from the bytes of a picture to the network's input tensor, as CarML's agents do it.
 *
 * Sources: rai-project/dlframework steps/preprocess_image.go, rai-project/image,
 * disintegration/imaging resize.go. Any thread; no state.
 */
#ifndef ENGINE_PREPROCESS_H
#define ENGINE_PREPROCESS_H

#include "common/image/image.h"
#include "model/manifest.h"

/* Resizes `in` to width x height; the caller frees *out with image_free. When the size is already
 * right the pixels are copied unchanged. */
enum status preprocess_resize(const struct image *in, uint32_t width, uint32_t height,
                              enum resize_method method, struct image *out) MUST_CHECK;

/* Writes 3*height*width floats: (value - mean[c]) / scale[c] in float32, in the layout and channel
 * order that `how` says. The picture must have the size that `how` says (or `how` says none). */
void preprocess_normalize(const struct image *picture, const struct preprocessing *how,
                          float *tensor);

/* Decode (with libjpeg's n/8 shrink for the CarML methods), resize, normalise. `tensor` holds
 * 3*height*width floats of `how`, which must state a size. Errors as image_decode. */
enum status preprocess_picture(const void *bytes, size_t size, const struct preprocessing *how,
                               const struct image_limits *limits, float *tensor,
                               enum reason *reason, struct error *error) MUST_CHECK;

#endif
