/* shapes: draws the pictures that the embedded `shapes` model tells apart.
 *
 * A picture shows one filled shape of one class, antialiased, anywhere, at any angle, in any two
 * colours with contrast, on a plain, graded or lightly textured ground, with noise. The same class,
 * seed and number give the same pixels on every machine: no libm, no FMA contraction, a generator
 * of our own. Any thread; no state.
 */
#ifndef TESTS_LIB_SHAPES_H
#define TESTS_LIB_SHAPES_H

#include <stdint.h>

#include "common/buf.h"
#include "common/image/image.h"
#include "common/labels.h"
#include "common/status.h"

enum { SHAPES_CLASSES = 10 };

/* "circle", "square", ...; the line number in config/labels/shapes.txt is the class. NULL past the
 * last class. */
const char *shapes_name(unsigned class);

/* "n90000001" for class 0 and so on. These ids are ours: WordNet's noun offsets end far below. */
void shapes_wnid(unsigned class, char wnid[WNID_SIZE]);

/* Draws picture `number` of `class` (below SHAPES_CLASSES), 160 to 480 pixels a side. The caller
 * frees *out with image_free. STATUS_MEMORY only. */
enum status shapes_draw(unsigned class, uint64_t seed, uint32_t number,
                        struct image *out) MUST_CHECK;

/* The same picture as a file: appends a JPEG of the picture's own quality (70 to 95). */
enum status shapes_draw_jpeg(unsigned class, uint64_t seed, uint32_t number,
                             struct buf *out) MUST_CHECK;

/* The "this photo is gone" picture that a host serves in place of deleted ones: a crossed-out
 * camera on grey, 500 x 374 pixels. The caller frees *out with image_free. */
enum status shapes_draw_placeholder(struct image *out) MUST_CHECK;

#endif
