/* Which layers do not become the node of their type: those of training, and forks' that others can
 * say. Types: the layer factories of BVLC Caffe and of SSD's and SENet's forks. */
#include <string.h>

#include "model/format/caffe/caffe_reading.h"

/* Of a loss in Python; each costs a look at all layers. */
enum { MAX_TOPS = 8, MAX_BOTTOMS = 32 };

static const struct {
    const char *type, *v1_type;
    enum caffe_role role;
} roles[] = {
    {"Data", "DATA", CAFFE_DATA},
    {"ImageData", "IMAGE_DATA", CAFFE_DATA},
    {"HDF5Data", "HDF5_DATA", CAFFE_DATA},
    {"MemoryData", "MEMORY_DATA", CAFFE_DATA},
    {"WindowData", "WINDOW_DATA", CAFFE_DATA},
    {"DummyData", "DUMMY_DATA", CAFFE_DATA},
    {"AnnotatedData", "", CAFFE_DATA},
    {"Axpy", "", CAFFE_AXPY},
    {"SoftmaxWithLoss", "SOFTMAX_LOSS", CAFFE_SOFTMAX_LOSS},
    {"Accuracy", "ACCURACY", CAFFE_LOSS},
    {"ContrastiveLoss", "CONTRASTIVE_LOSS", CAFFE_LOSS},
    {"EuclideanLoss", "EUCLIDEAN_LOSS", CAFFE_LOSS},
    {"HingeLoss", "HINGE_LOSS", CAFFE_LOSS},
    {"InfogainLoss", "INFOGAIN_LOSS", CAFFE_LOSS},
    {"MultinomialLogisticLoss", "MULTINOMIAL_LOGISTIC_LOSS", CAFFE_LOSS},
    {"SigmoidCrossEntropyLoss", "SIGMOID_CROSS_ENTROPY_LOSS", CAFFE_LOSS},
    {"SmoothL1Loss", "", CAFFE_LOSS},
    {"MultiBoxLoss", "", CAFFE_LOSS},
    {"DetectionEvaluate", "", CAFFE_LOSS},
    {"HDF5Output", "HDF5_OUTPUT", CAFFE_LOSS},
};

static enum caffe_role role_of_type(const struct prototxt_field *layer, const char *type, bool v1)
{
    for (size_t i = 0; *type && i < sizeof roles / sizeof *roles; i++) {
        if (!strcmp(type, v1 ? roles[i].v1_type : roles[i].type))
            return roles[i].role;
    }
    /* A Python layer that reads nothing brings data. */
    if (!v1 && !strcmp(type, "Python") && !prototxt_find(layer, "bottom"))
        return CAFFE_DATA;
    return CAFFE_LAYER;
}

/* infogain_loss_layer.cpp of Caffe 1.0 makes the softmax its second top; before 1.0 the layer had
 * one top and no softmax. */
static bool is_softmax_loss(const struct prototxt_field *layer, const char *type)
{
    return (!strcmp(type, "InfogainLoss") || !strcmp(type, "INFOGAIN_LOSS")) &&
           prototxt_count(layer, "top") > 1;
}

enum caffe_role caffe_role_of(const struct caffe_reading *reading,
                              const struct prototxt_field *layer, const char *type)
{
    for (size_t i = 0; i < reading->python_loss_count; i++) {
        if (reading->python_losses[i] == layer)
            return CAFFE_LOSS;
    }
    return is_softmax_loss(layer, type) ? CAFFE_SOFTMAX_LOSS
                                        : role_of_type(layer, type, reading->v1);
}

/* ---- losses in Python ---- */

static bool names(const struct prototxt_field *layer, const char *field, const char *name)
{
    const struct prototxt_field *value = prototxt_find(layer, field);

    while (value && (value->kind != PROTOTXT_STRING || strcmp(value->text, name) != 0))
        value = prototxt_find_next(value);
    return value != NULL;
}

static bool is_any_bottom(struct caffe_reading *reading, const char *name)
{
    const struct prototxt_field *layer = NULL;

    do
        layer = caffe_next_layer(reading, layer);
    while (layer && !names(layer, "bottom", name));
    return layer != NULL;
}

/* A top behind the first of a data layer; those of DummyData may be inputs. */
static bool is_label(struct caffe_reading *reading, const char *name)
{
    const struct prototxt_field *layer = NULL;

    while ((layer = caffe_next_layer(reading, layer))) {
        const char *type = caffe_layer_type(reading, layer);
        const struct prototxt_field *first = prototxt_find(layer, "top");
        if (role_of_type(layer, type, reading->v1) == CAFFE_DATA &&
            strcmp(type, "DummyData") != 0 && first && first->kind == PROTOTXT_STRING &&
            strcmp(first->text, name) != 0 && names(layer, "top", name))
            return true;
    }
    return false;
}

static bool reads_label(struct caffe_reading *reading, const struct prototxt_field *layer)
{
    const struct prototxt_field *bottom = prototxt_find(layer, "bottom");

    while (bottom && !is_label(reading, prototxt_field_string(&reading->reader, bottom)))
        bottom = prototxt_find_next(bottom);
    return bottom != NULL;
}

/* Each top counts in the sum that training makes small (layer.hpp, SetLossWeights). */
static bool is_weighted(struct caffe_reading *reading, const struct prototxt_field *layer)
{
    const struct prototxt_field *weight = prototxt_find(layer, "loss_weight");
    size_t tops = prototxt_count(layer, "top");

    if (!tops || prototxt_count(layer, "loss_weight") != tops)
        return false;
    while (weight && prototxt_field_float(&reading->reader, weight) != 0)
        weight = prototxt_find_next(weight);
    return !weight;
}

/* What a Python layer computes is not to be seen. No layer may read it, and it must be a loss by
 * its weights, or need a label, with no second top that could be more. */
static bool is_python_loss(struct caffe_reading *reading, const struct prototxt_field *layer)
{
    const struct prototxt_field *top = prototxt_find(layer, "top");

    if (prototxt_count(layer, "top") > MAX_TOPS || prototxt_count(layer, "bottom") > MAX_BOTTOMS)
        return false;
    for (; top; top = prototxt_find_next(top)) {
        if (is_any_bottom(reading, prototxt_field_string(&reading->reader, top)))
            return false;
    }
    return is_weighted(reading, layer) ||
           (prototxt_count(layer, "top") < 2 && reads_label(reading, layer));
}

void caffe_find_python_losses(struct caffe_reading *reading)
{
    const struct prototxt_field *layer = NULL;
    size_t looked_at = 0;

    while (!reading->v1 && (layer = caffe_next_layer(reading, layer))) {
        if (strcmp(caffe_layer_type(reading, layer), "Python") != 0 ||
            !prototxt_find(layer, "bottom"))
            continue;
        if (looked_at++ == CAFFE_MAX_PYTHON_LOSSES)
            return;
        if (is_python_loss(reading, layer))
            reading->python_losses[reading->python_loss_count++] = layer;
    }
}

void caffe_leave_out(struct caffe_reading *reading, const char *top)
{
    reading->left_out[reading->left_out_count++] = top;
}
