/* SSD's operators: boxes to start from, and what is left of them (prior_box_layer.cpp,
 * detection_output_layer.cpp and bbox_util.cpp of weiliu89/caffe). */
#include <math.h>

#include "engine/op.h"
#include "model/prior_box.h"
#include "model/shape.h"

static void run_prior_box(const struct call *call)
{
    const struct prior_box_parameters *p = &call->step->node->parameters.prior_box;
    const struct shape *inputs = call->step->inputs;
    size_t boxes = (size_t)call->step->outputs[0].dim[2] / 4;
    float *variances = call->outputs[0] + boxes * 4;

    prior_box_fill(p, &inputs[0], &inputs[1], 0, boxes, call->outputs[0]);
    for (size_t i = 0; i < boxes; i++)
        prior_box_variances(p, variances + i * 4);
}

const struct operation operation_prior_box = {.run = run_prior_box};

/* ---- DetectionOutput ---- */

enum { ROW = 7 };

/* Left, top, right, bottom. */
struct box {
    float side[4];
};

/* A prior that may show an object of a class. */
struct candidate {
    float score;
    uint32_t label, prior;
};

/* One image at work. */
struct detection {
    const struct call *call;
    const struct detection_output_parameters *parameters;
    size_t priors, sets;                /* sets of locations: one for all classes, or one each */
    const float *location, *confidence; /* of the image */
    struct box *boxes;                  /* per prior, decoded from one set */
    struct candidate *kept;             /* of the image; behind them those of the next class */
    size_t kept_count;
};

static enum status prepare_detection_output(struct step *step, struct error *error)
{
    size_t scores = shape_product(&step->inputs[1], 1, step->inputs[1].dims);
    size_t priors = shape_product(&step->inputs[2], 2, step->inputs[2].dims) / 4;

    (void)error;
    step->scratch =
        (priors * sizeof(struct box) + scores * sizeof(struct candidate)) / sizeof(float);
    return STATUS_OK;
}

typedef bool precedes(const struct candidate *a, const struct candidate *b);

static bool by_score(const struct candidate *a, const struct candidate *b)
{
    if (a->score != b->score)
        return a->score > b->score;
    return a->label != b->label ? a->label < b->label : a->prior < b->prior;
}

static bool by_label(const struct candidate *a, const struct candidate *b)
{
    return a->label != b->label ? a->label < b->label : by_score(a, b);
}

static void sink(struct candidate *heap, size_t at, size_t count, precedes *before)
{
    struct candidate moved = heap[at];

    for (size_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && before(&heap[child], &heap[child + 1]))
            child++;
        if (!before(&moved, &heap[child]))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moved;
}

/* Heap sort: nothing is allocated, and no order of the scores makes it slow. */
static void sort(struct candidate *list, size_t count, precedes *before)
{
    for (size_t i = count / 2; i > 0; i--)
        sink(list, i - 1, count, before);
    for (size_t i = count; i > 1; i--) {
        struct candidate first = list[0];
        list[0] = list[i - 1];
        list[i - 1] = first;
        sink(list, 0, i - 1, before);
    }
}

/* bbox_util.cpp, DecodeBBox(). */
static struct box decode(enum detection_code code, const float *prior, const float variance[4],
                         const float *location)
{
    float size[2] = {prior[2] - prior[0], prior[3] - prior[1]};
    struct box box;

    for (int i = 0; i < 4; i++) {
        float change = variance[i] * location[i];
        box.side[i] = prior[i] + (code == DETECTION_CORNER ? change : change * size[i % 2]);
    }
    for (int axis = 0; axis < 2 && code == DETECTION_CENTER_SIZE; axis++) {
        float centre =
            variance[axis] * location[axis] * size[axis] + (prior[axis] + prior[2 + axis]) / 2;
        float half = expf(variance[2 + axis] * location[2 + axis]) * size[axis] / 2;
        box.side[axis] = centre - half;
        box.side[2 + axis] = centre + half;
    }
    return box;
}

/* False when a prior has no size. */
static bool decode_set(const struct detection *detection, size_t set)
{
    static const float encoded[] = {1, 1, 1, 1};
    const struct detection_output_parameters *p = detection->parameters;
    const float *prior = detection->call->inputs[2], *variance = prior + detection->priors * 4;

    for (size_t i = 0; i < detection->priors; i++, prior += 4, variance += 4) {
        const float *location = detection->location + (i * detection->sets + set) * 4;
        if (p->code != DETECTION_CORNER && !(prior[2] > prior[0] && prior[3] > prior[1])) {
            run_fail(detection->call, STATUS_DATA, "prior box %zu has no width or height", i);
            return false;
        }
        detection->boxes[i] =
            decode(p->code, prior, p->variance_in_target ? encoded : variance, location);
    }
    return true;
}

static float area(const struct box *box)
{
    const float *side = box->side;

    if (side[2] < side[0] || side[3] < side[1])
        return 0;
    return (side[2] - side[0]) * (side[3] - side[1]);
}

/* bbox_util.cpp, JaccardOverlap(): what both share of what they cover together. */
static float overlap(const struct box *a, const struct box *b)
{
    float common = 1;

    for (int axis = 0; axis < 2; axis++) {
        float begin = fmaxf(a->side[axis], b->side[axis]);
        float end = fminf(a->side[2 + axis], b->side[2 + axis]);
        if (!(end - begin > 0))
            return 0;
        common *= end - begin;
    }
    return common / (area(a) + area(b) - common);
}

/* Puts the class's priors with enough confidence behind those kept so far, the best first. */
static size_t find_candidates(const struct detection *detection, uint32_t label)
{
    const struct detection_output_parameters *p = detection->parameters;
    struct candidate *list = detection->kept + detection->kept_count;
    size_t count = 0;

    for (size_t i = 0; i < detection->priors; i++) {
        float score = detection->confidence[i * (size_t)p->classes + label];
        if (score > p->confidence_threshold)
            list[count++] = (struct candidate){score, label, (uint32_t)i};
    }
    sort(list, count, by_score);
    return p->nms_top_k >= 0 && (size_t)p->nms_top_k < count ? (size_t)p->nms_top_k : count;
}

/* bbox_util.cpp, ApplyNMSFast(): keeps what overlaps little with what is kept of its class. */
static void suppress(struct detection *detection, size_t count)
{
    const struct detection_output_parameters *p = detection->parameters;
    struct candidate *list = detection->kept + detection->kept_count;
    float threshold = p->nms_threshold;
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        const struct box *box = &detection->boxes[list[i].prior];
        bool keep = true;
        for (size_t k = 0; k < kept && keep; k++)
            keep = overlap(box, &detection->boxes[list[k].prior]) <= threshold;
        if (!keep)
            continue;
        list[kept++] = list[i];
        if (p->nms_eta < 1 && threshold > 0.5F)
            threshold *= p->nms_eta;
    }
    detection->kept_count += kept;
}

static bool detect_image(struct detection *detection)
{
    const struct detection_output_parameters *p = detection->parameters;
    size_t most = p->keep_top_k < 0 ? SIZE_MAX : (size_t)p->keep_top_k;

    detection->kept_count = 0;
    if (p->share_location && !decode_set(detection, 0))
        return false;
    for (uint32_t label = 0; label < p->classes; label++) {
        if (label == p->background)
            continue;
        if (!p->share_location && !decode_set(detection, label))
            return false;
        suppress(detection, find_candidates(detection, label));
    }
    if (detection->kept_count > most) {
        sort(detection->kept, detection->kept_count, by_score);
        detection->kept_count = most;
        sort(detection->kept, most, by_label);
    }
    return true;
}

/* Decodes again, because boxes of separate sets are gone. */
static void write_rows(const struct detection *detection, size_t image, float *out)
{
    for (size_t i = 0; i < detection->kept_count; i++, out += ROW) {
        const struct candidate *one = &detection->kept[i];
        if (!detection->parameters->share_location &&
            (i == 0 || detection->kept[i - 1].label != one->label) &&
            !decode_set(detection, one->label))
            return;
        out[0] = (float)image;
        out[1] = (float)one->label;
        out[2] = one->score;
        memcpy(out + 3, detection->boxes[one->prior].side, sizeof detection->boxes->side);
    }
}

/* Without any detection Caffe makes one row per image, of the image and -1. */
static size_t write_nothing(size_t images, float *out)
{
    for (size_t i = 0; i < images * ROW; i++)
        out[i] = i % ROW ? -1 : (float)(i / ROW);
    return images;
}

static void run_detection_output(const struct call *call)
{
    const struct shape *inputs = call->step->inputs;
    size_t images = (size_t)inputs[0].dim[0], rows = 0;
    struct detection detection = {.call = call,
                                  .parameters = &call->step->node->parameters.detection_output};

    detection.priors = shape_product(&inputs[2], 2, inputs[2].dims) / 4;
    detection.sets =
        detection.parameters->share_location ? 1 : (size_t)detection.parameters->classes;
    detection.boxes = (struct box *)call->scratch;
    detection.kept = (struct candidate *)(detection.boxes + detection.priors);
    for (size_t i = 0; i < images; i++) {
        detection.location = call->inputs[0] + i * shape_product(&inputs[0], 1, inputs[0].dims);
        detection.confidence = call->inputs[1] + i * shape_product(&inputs[1], 1, inputs[1].dims);
        if (!detect_image(&detection))
            return;
        write_rows(&detection, i, call->outputs[0] + rows * ROW);
        rows += detection.kept_count;
    }
    call->trimmed->dim[2] = (int64_t)(rows ? rows : write_nothing(images, call->outputs[0]));
}

const struct operation operation_detection_output = {
    .prepare = prepare_detection_output, .run = run_detection_output, .trims = true};
