/* Matrix products, of which one side is constant: InnerProduct. */
#include <inttypes.h>

#include "model/import/constant.h"

static bool is_matrix(const struct operand *x)
{
    return x->shape.dims == 2;
}

static const int64_t swapped[] = {1, 0};

static void swap_last(unsigned dims, int64_t *order)
{
    for (unsigned i = 0; i < dims; i++)
        order[i] = i + 2 < dims ? i : i + 2 == dims ? dims - 1 : dims - 2;
}

/* The last two axes exchanged, for the product called `name`. */
static enum status turn_matrix(struct importer *importer, const char *name, const struct operand *x,
                               struct operand *out)
{
    int64_t order[SHAPE_MAX_DIMS];
    const char *helper;
    enum status status = build_name(importer, name, "Transpose", &helper);

    swap_last(x->shape.dims, order);
    return status ? status : import_transpose(importer, helper, x, order, x->shape.dims, out);
}

/* The weights of a product whose constant side is `b` (inputs, outputs), as Caffe's (outputs,
 * inputs). */
static enum status product_weight(struct importer *importer, const struct operand *b,
                                  bool transposed, struct weight *weight)
{
    struct operand turned;
    enum status status = STATUS_OK;

    if (transposed)
        turned = *b;
    else
        status = import_transpose(importer, "", b, swapped, 2, &turned);
    return status ? status : constant_weight(importer, &turned, "the weights", weight);
}

static enum status check_product(struct importer *importer, const struct operand *a, int64_t inputs)
{
    char text[SHAPE_TEXT];

    if (a->shape.dims && a->shape.dim[a->shape.dims - 1] == inputs)
        return STATUS_OK;
    return importer_fail(importer, STATUS_DATA,
                         "its input is %s, but its weights are for %" PRId64 " numbers",
                         shape_text(&a->shape, text), inputs);
}

/* A product over the channels of planes is a convolution of 1x1. */
static bool is_pointwise(const struct operand *a)
{
    return a->shape.dims == 4 && a->order[0] == 0 && a->order[3] == 1;
}

static enum status append_pointwise(struct importer *importer, const char *name,
                                    const struct operand *a, const struct weight *weight,
                                    const struct weight *bias, struct operand *out)
{
    static const struct window window = {.stride = {1, 1}, .dilation = {1, 1}};
    struct operand weights = operand_view(weight), row;
    const int64_t extents[] = {weight->shape.dim[0], weight->shape.dim[1], 1, 1};
    enum status status = import_reshape(importer, name, &weights, extents, 4, &weights);

    if (bias)
        row = operand_view(bias);
    return status ? status
                  : import_convolution(importer, name, a, &weights, bias ? &row : NULL, &window, 1,
                                       &import_nhwc, out);
}

static enum status append_product(struct importer *importer, const char *name,
                                  const struct operand *a, const struct weight *weight,
                                  const struct weight *bias, struct operand *out)
{
    struct layer layer = {.kind = OPERATOR_INNER_PRODUCT, .weight_count = bias ? 2 : 1};
    struct operand plain;
    enum status status = check_product(importer, a, weight->shape.dim[1]);

    if (!status && is_pointwise(a))
        return append_pointwise(importer, name, a, weight, bias, out);
    if (!status)
        status = build_plain(importer, name, a, &plain);
    if (status)
        return status;
    layer.parameters.inner_product = (struct inner_product_parameters){
        .outputs = weight->shape.dim[0], .axis = plain.shape.dims - 1, .bias = bias};
    layer.weights[0] = *weight;
    if (bias)
        layer.weights[1] = *bias;
    return build_on(importer, name, &plain, &layer, out);
}

/* W x a for a constant W: the product of the transposes, seen turned. The name stays for what is
 * turned back. */
static enum status left_product(struct importer *importer, const char *name,
                                const struct operand *a, bool transpose_a, const struct operand *b,
                                bool transpose_b, struct operand *out)
{
    struct operand turned = *b;
    struct weight weight;
    int64_t order[SHAPE_MAX_DIMS];
    unsigned dims = b->shape.dims;
    const char *product;
    enum status status = product_weight(importer, a, !transpose_a, &weight);

    swap_last(dims, order);
    if (!status)
        status = build_name(importer, name, "Product", &product);
    if (!status && !transpose_b)
        status = turn_matrix(importer, name, b, &turned);
    if (!status)
        status = append_product(importer, product, &turned, &weight, NULL, out);
    return status ? status : import_transpose(importer, name, out, order, dims, out);
}

static enum status fold_product(struct importer *importer, const struct operand *a,
                                const struct operand *b, struct operand *out)
{
    struct shape shape = {.dims = 2, .dim = {a->shape.dim[0], b->shape.dim[1]}};
    size_t rows = (size_t)shape.dim[0], columns = (size_t)shape.dim[1];
    size_t inner = (size_t)a->shape.dim[1], work;
    float *x, *y, *z;
    enum status status = check_product(importer, a, b->shape.dim[0]);

    if (status)
        return status;
    if (__builtin_mul_overflow(rows, columns, &work) ||
        __builtin_mul_overflow(work, inner, &work) || work > (size_t)1 << 32)
        return importer_fail(importer, STATUS_LIMIT,
                             "a product of constants of this size is not folded; fold it before "
                             "the network is saved");
    status = constant_floats(importer, a, &x);
    if (!status)
        status = constant_floats(importer, b, &y);
    if (!status)
        status = import_floats(importer, &shape, &z, out);
    for (size_t i = 0; i < rows && !status; i++) {
        for (size_t k = 0; k < inner; k++) {
            for (size_t j = 0; j < columns; j++)
                z[i * columns + j] += x[i * inner + k] * y[k * columns + j];
        }
    }
    return status;
}

static enum status check_factors(struct importer *importer, const struct operand *a,
                                 const struct operand *b)
{
    const struct operand *factors[] = {a, b};

    if (a->kind == OPERAND_VALUE && b->kind == OPERAND_VALUE)
        return importer_fail(importer, STATUS_UNSUPPORTED,
                             "a product of two tensors that the network computes (attention) is "
                             "not supported; one of them must be constant");
    for (int i = 0; i < 2; i++) {
        if (factors[i]->shape.dims < 2)
            return importer_fail(importer, STATUS_UNSUPPORTED,
                                 "products with a vector are not supported; make it a matrix");
        if (operand_is_constant(factors[i]) && !is_matrix(factors[i]))
            return importer_fail(importer, STATUS_UNSUPPORTED,
                                 "its constant has %u axes; only matrices are supported",
                                 factors[i]->shape.dims);
    }
    return STATUS_OK;
}

/* a x b + bias, b being the constant side. */
static enum status right_product(struct importer *importer, const char *name,
                                 const struct operand *a, bool transpose_a, const struct operand *b,
                                 bool transpose_b, const struct weight *bias, struct operand *out)
{
    struct operand left = *a;
    struct weight weight;
    enum status status = transpose_a ? turn_matrix(importer, name, a, &left) : STATUS_OK;

    if (!status)
        status = product_weight(importer, b, transpose_b, &weight);
    return status ? status : append_product(importer, name, &left, &weight, bias, out);
}

enum status import_matmul(struct importer *importer, const char *name, const struct operand *a,
                          const struct operand *b, bool transpose_a, bool transpose_b,
                          struct operand *out)
{
    struct operand left = *a, right = *b;
    enum status status = check_factors(importer, a, b);

    if (status)
        return status;
    if (!operand_is_constant(b))
        return left_product(importer, name, a, transpose_a, b, transpose_b, out);
    if (!operand_is_constant(a))
        return right_product(importer, name, a, transpose_a, b, transpose_b, NULL, out);
    if (transpose_a)
        status = turn_matrix(importer, name, a, &left);
    if (!status && transpose_b)
        status = turn_matrix(importer, name, b, &right);
    return status ? status : fold_product(importer, &left, &right, out);
}

/* A constant c that adds the same row everywhere, as Caffe's bias; false otherwise. */
static bool is_row(const struct operand *c, int64_t outputs)
{
    size_t count = shape_product(&c->shape, 0, c->shape.dims);

    return operand_is_constant(c) && (count == 1 || (count == (size_t)outputs && c->shape.dims &&
                                                     c->shape.dim[c->shape.dims - 1] == outputs));
}

static enum status bias_row(struct importer *importer, const struct operand *c, float beta,
                            int64_t outputs, struct weight *bias)
{
    const struct shape shape = {.dims = 1, .dim = {outputs}};
    struct operand row = *c;
    int64_t count = (int64_t)shape_product(&c->shape, 0, c->shape.dims);
    enum status status = import_reshape(importer, "", c, &count, 1, &row);

    if (!status && beta != 1)
        status = constant_unary(importer, IMPORT_AFFINE, beta, 0, &row, &row);
    if (!status)
        status = constant_stretch(importer, &row, &shape, &row);
    return status ? status : constant_weight(importer, &row, "the bias", bias);
}

static enum status add_last(struct importer *importer, const char *name, const struct operand *y,
                            const struct operand *c, float beta, struct operand *out)
{
    struct operand scaled;
    const char *helper;
    enum status status = build_name(importer, name, "Scaled", &helper);

    if (!status)
        status = import_unary(importer, helper, IMPORT_AFFINE, beta, 0, c, &scaled);
    return status ? status : import_binary(importer, name, IMPORT_ADD, y, &scaled, out);
}

/* Puts alpha into the constant factor. */
static enum status scale_constant(struct importer *importer, float alpha, struct operand *a,
                                  struct operand *b)
{
    struct operand *constant = operand_is_constant(b) ? b : a;

    if (alpha == 1 || !operand_is_constant(constant))
        return STATUS_OK;
    return constant_unary(importer, IMPORT_AFFINE, alpha, 0, constant, constant);
}

enum status import_gemm(struct importer *importer, const char *name, const struct operand *a,
                        const struct operand *b, const struct operand *c,
                        const struct import_gemm *gemm, struct operand *out)
{
    struct operand left = *a, right = *b;
    struct weight bias;
    int64_t outputs;
    const char *product = name;
    enum status status;

    if (!is_matrix(a) || !is_matrix(b))
        return importer_fail(importer, STATUS_DATA, "its factors must be matrices");
    outputs = b->shape.dim[gemm->transpose_b ? 0 : 1];
    status = scale_constant(importer, gemm->alpha, &left, &right);
    if (!status && c && is_row(c, outputs) && a->kind == OPERAND_VALUE && operand_is_constant(b)) {
        status = bias_row(importer, c, gemm->beta, outputs, &bias);
        return status ? status
                      : right_product(importer, name, &left, gemm->transpose_a, &right,
                                      gemm->transpose_b, &bias, out);
    }
    if (!status && c)
        status = build_name(importer, name, "Product", &product);
    if (!status)
        status = import_matmul(importer, product, &left, &right, gemm->transpose_a,
                               gemm->transpose_b, out);
    return status || !c ? status : add_last(importer, name, out, c, gemm->beta, out);
}
