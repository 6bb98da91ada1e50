#include "model/weight_turn.h"

#include <string.h>

/* A box first gets some cache lines of the file, then a stretch of the result that is worth a
 * system call, then as much more of the file as a processor's own cache holds. */
enum { FILE_RUN = 64, RESULT_RUN = 64 << 10, BOX = 512 << 10 };

/* How many neighbours of the file and of the result are copied together: some cache lines of each,
 * few enough that the lines of the file stay cached until all of their numbers are used. They are
 * copied in squares of TILE x TILE, which fit into registers. */
enum { STRIP = 128, TILE = 4 };

struct turn {
    const unsigned char *bytes;
    struct weight_walk walk;
    size_t count, capacity;
    unsigned order[SHAPE_MAX_DIMS]; /* the axes, those that are dense in the file first */
    size_t box[SHAPE_MAX_DIMS];     /* extents of a box */
    size_t begin[SHAPE_MAX_DIMS], extent[SHAPE_MAX_DIMS]; /* of the box at hand */
    size_t step[SHAPE_MAX_DIMS];                          /* of its axes in `room` */
};

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t ceil_div(size_t a, size_t b)
{
    return a / b + (a % b != 0);
}

/* ---- the boxes ---- */

static void sort_axes(struct turn *turn)
{
    for (unsigned i = 0; i < turn->walk.dims; i++) {
        unsigned at = i;
        for (; at && turn->walk.stride[turn->order[at - 1]] > turn->walk.stride[i]; at--)
            turn->order[at] = turn->order[at - 1];
        turn->order[at] = i;
    }
}

/* Makes the box as long as `extent` along an axis, as far as the axis and the room allow. */
static size_t widen(struct turn *turn, unsigned axis, size_t extent)
{
    size_t others = 1;

    for (unsigned i = 0; i < turn->walk.dims; i++)
        others *= i == axis ? 1 : turn->box[i];
    extent = smaller(smaller(extent, (size_t)turn->walk.dim[axis]), turn->capacity / others);
    if (extent > turn->box[axis])
        turn->box[axis] = extent;
    return turn->box[axis];
}

static void choose_box(struct turn *turn)
{
    unsigned dims = turn->walk.dims;
    size_t run = 1;

    for (unsigned i = 0; i < dims; i++)
        turn->box[i] = 1;
    for (unsigned i = 0; i < dims; i++)
        run *= widen(turn, turn->order[i], ceil_div(FILE_RUN, run));
    run = 1;
    for (unsigned i = dims; i-- > 0;)
        run *= widen(turn, i, ceil_div(RESULT_RUN, run));
    turn->capacity = smaller(turn->capacity, BOX);
    for (unsigned i = 0; i < dims; i++)
        widen(turn, turn->order[i], turn->count);
}

/* The extents of the box that begins at `begin`; boxes at the end of an axis are shorter. */
static void enter_box(struct turn *turn)
{
    size_t step = 1;

    for (unsigned i = turn->walk.dims; i-- > 0; step *= turn->extent[i]) {
        turn->extent[i] = smaller(turn->box[i], (size_t)turn->walk.dim[i] - turn->begin[i]);
        turn->step[i] = step;
    }
}

static bool next_box(struct turn *turn)
{
    for (unsigned i = turn->walk.dims; i-- > 0;) {
        turn->begin[i] += turn->extent[i];
        if (turn->begin[i] < (size_t)turn->walk.dim[i])
            return true;
        turn->begin[i] = 0;
    }
    return false;
}

/* ---- filling a box ---- */

/* Some axes of the box, innermost first, and where a walk along them stands. */
struct group {
    unsigned dims, axes[SHAPE_MAX_DIMS];
    size_t index[SHAPE_MAX_DIMS], left, to;
    int64_t from;
};

/* Offsets of the next elements along a group. */
struct strip {
    size_t count, to[STRIP];
    int64_t from[STRIP]; /* in bytes */
};

static void add_axis(const struct turn *turn, struct group *group, unsigned axis)
{
    group->axes[group->dims++] = axis;
    group->left *= turn->extent[axis];
}

static void next_element(const struct turn *turn, struct group *group)
{
    for (unsigned i = 0; i < group->dims; i++) {
        unsigned axis = group->axes[i];
        group->to += turn->step[axis];
        group->from += turn->walk.stride[axis];
        if (++group->index[i] < turn->extent[axis])
            return;
        group->to -= turn->extent[axis] * turn->step[axis];
        group->from -= (int64_t)turn->extent[axis] * turn->walk.stride[axis];
        group->index[i] = 0;
    }
}

static bool next_strip(const struct turn *turn, struct group *group, struct strip *strip)
{
    strip->count = smaller(group->left, STRIP);
    for (size_t i = 0; i < strip->count; i++) {
        strip->to[i] = group->to;
        strip->from[i] = group->from * (int64_t)sizeof(float);
        next_element(turn, group);
    }
    group->left -= strip->count;
    return strip->count;
}

/* Are the next TILE elements neighbours in the file? */
static bool is_file_run(const struct strip *strip, size_t at)
{
    if (strip->count - at < TILE)
        return false;
    for (size_t i = at + 1; i < at + TILE; i++) {
        if (strip->from[i] - strip->from[i - 1] != (int64_t)sizeof(float))
            return false;
    }
    return true;
}

/* Are they neighbours in the result? Offsets there ascend, and no two are the same. */
static bool is_result_run(const struct strip *strip, size_t at)
{
    return strip->count - at >= TILE && strip->to[at + TILE - 1] - strip->to[at] == TILE - 1;
}

typedef float quad __attribute__((vector_size(TILE * sizeof(float))));

static quad load(const unsigned char *bytes)
{
    quad numbers;

    memcpy(&numbers, bytes, sizeof numbers);
    return numbers;
}

/* Runs of the file at `from[0]`, `from[1]`, ... become the columns of runs of the result at
 * `to[0]`, `to[1]`, ... */
static void copy_tile(const unsigned char *bytes, const int64_t *from, float *room,
                      const size_t *to)
{
    quad a = load(bytes + from[0]), b = load(bytes + from[1]);
    quad c = load(bytes + from[2]), d = load(bytes + from[3]);
    quad ab[2] = {__builtin_shufflevector(a, b, 0, 4, 1, 5),
                  __builtin_shufflevector(a, b, 2, 6, 3, 7)};
    quad cd[2] = {__builtin_shufflevector(c, d, 0, 4, 1, 5),
                  __builtin_shufflevector(c, d, 2, 6, 3, 7)};

    for (int i = 0; i < 2; i++) {
        quad even = __builtin_shufflevector(ab[i], cd[i], 0, 1, 4, 5);
        quad odd = __builtin_shufflevector(ab[i], cd[i], 2, 3, 6, 7);
        memcpy(room + to[2 * i], &even, sizeof even);
        memcpy(room + to[2 * i + 1], &odd, sizeof odd);
    }
}

/* Every element of one strip with every element of the other. */
static void copy_strips(const unsigned char *bytes, const struct strip *file,
                        const struct strip *result, float *room)
{
    for (size_t i = 0, wide; i < file->count; i += wide) {
        const unsigned char *from = bytes + file->from[i];
        wide = is_file_run(file, i) ? TILE : 1;
        for (size_t j = 0; j < result->count;) {
            float *to = room + result->to[j];
            if (wide == TILE && is_result_run(result, j)) {
                copy_tile(from, result->from + j, to, file->to + i);
                j += TILE;
                continue;
            }
            for (size_t k = 0; k < wide; k++)
                memcpy(to + file->to[i + k], from + result->from[j] + k * sizeof *to, sizeof *to);
            j++;
        }
    }
}

/* The axes that are denser in the file than the result's last one are walked in the file's order,
 * the rest in the result's. */
static void fill_box(const struct turn *turn, float *room)
{
    struct group file = {.left = 1}, result = {.left = 1}, rewound;
    struct strip file_strip, result_strip;
    const unsigned char *bytes = turn->bytes;
    unsigned dims = turn->walk.dims, at = 0;
    bool in_file[SHAPE_MAX_DIMS] = {false};

    for (unsigned i = 0; i < dims; i++)
        bytes += (int64_t)turn->begin[i] * turn->walk.stride[i] * (int64_t)sizeof(float);
    for (; turn->order[at] != dims - 1; at++) {
        in_file[turn->order[at]] = true;
        add_axis(turn, &file, turn->order[at]);
    }
    for (unsigned i = dims; i-- > 0;) {
        if (!in_file[i])
            add_axis(turn, &result, i);
    }
    rewound = file;
    while (next_strip(turn, &result, &result_strip)) {
        for (file = rewound; next_strip(turn, &file, &file_strip);)
            copy_strips(bytes, &file_strip, &result_strip, room);
    }
}

/* Hands on the stretches of the result that the box fills. */
static void empty_box(const struct turn *turn, const float *room, weight_sink *sink, void *context)
{
    unsigned dims = turn->walk.dims, inner = dims - 1;
    size_t index[SHAPE_MAX_DIMS] = {0}, run, total = turn->step[0] * turn->extent[0];

    while (inner > 0 && turn->extent[inner] == (size_t)turn->walk.dim[inner])
        inner--;
    run = turn->step[inner] * turn->extent[inner];
    for (size_t done = 0; done < total; done += run) {
        size_t first = 0;
        for (unsigned i = 0; i < dims; i++)
            first = first * (size_t)turn->walk.dim[i] + turn->begin[i] + index[i];
        sink(context, first, room + done, run);
        for (unsigned i = inner; i-- > 0;) {
            if (++index[i] < turn->extent[i])
                break;
            index[i] = 0;
        }
    }
}

void weight_turn(const struct weight *weight, float *room, size_t capacity, weight_sink *sink,
                 void *context)
{
    struct turn turn = {.bytes = weight->bytes, .count = weight->count, .capacity = capacity};

    turn.walk =
        weight_is_contiguous(weight) ? (struct weight_walk){.dims = 0} : weight_walk(weight);
    if (!turn.walk.dims || turn.walk.stride[turn.walk.dims - 1] == 1) {
        /* Rows that lie in the file as they are. */
        for (size_t done = 0, part; done < weight->count; done += part) {
            part = smaller(weight->count - done, smaller(capacity, BOX));
            weight_read(weight, done, part, room);
            sink(context, done, room, part);
        }
        return;
    }
    sort_axes(&turn);
    choose_box(&turn);
    do {
        enter_box(&turn);
        fill_box(&turn, room);
        empty_box(&turn, room, sink, context);
    } while (next_box(&turn));
}
