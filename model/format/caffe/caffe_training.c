/* Which layers do not become the node of their type: those of training, and forks' that others can
 * say. Types: the layer factories of BVLC Caffe and of SSD's and SENet's forks. */
#include <string.h>

#include "model/format/caffe/caffe_reading.h"

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
    return is_softmax_loss(layer, type) ? CAFFE_SOFTMAX_LOSS
                                        : role_of_type(layer, type, reading->v1);
}

void caffe_leave_out(struct caffe_reading *reading, const char *top)
{
    reading->left_out[reading->left_out_count++] = top;
}
