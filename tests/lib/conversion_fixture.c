#include "tests/lib/conversion_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[32], stem[48], prototxt[64], caffemodel[64];

int conversion_setup(void **state)
{
    (void)state;
    strncpy(folder, "/tmp/carmlbench-XXXXXX", sizeof folder - 1);
    if (!mkdtemp(folder))
        return -1;
    snprintf(stem, sizeof stem, "%s/net", folder);
    snprintf(prototxt, sizeof prototxt, "%s.prototxt", stem);
    snprintf(caffemodel, sizeof caffemodel, "%s.caffemodel", stem);
    return 0;
}

int conversion_clean(void **state)
{
    (void)state;
    unlink(prototxt);
    unlink(caffemodel);
    return 0;
}

int conversion_teardown(void **state)
{
    conversion_clean(state);
    return rmdir(folder);
}

const char *conversion_stem(void)
{
    return stem;
}

const char *conversion_prototxt(void)
{
    return prototxt;
}

const char *conversion_caffemodel(void)
{
    return caffemodel;
}

struct graph *conversion_through_caffe(struct graph *graph)
{
    static const struct model_write_options options = {.format = MODEL_CAFFE};
    struct error error = {""};
    struct graph *back = NULL;
    char spec[160];

    snprintf(spec, sizeof spec, "%s,%s", prototxt, caffemodel);
    if (graph_finish(graph, &error) || model_write(graph, &options, stem, &error) ||
        model_load(spec, NULL, &back, &error))
        fail_msg("%s", error.text);
    return back;
}
