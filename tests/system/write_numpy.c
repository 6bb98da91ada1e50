/* write_numpy MODEL STEM: loads a model and writes it as STEM.npz and STEM.json. */
#include <stdio.h>

#include "model/model.h"

int main(int argc, char **argv)
{
    const struct model_write_options options = {.format = MODEL_NUMPY};
    struct error error = {""};
    struct graph *graph = NULL;
    enum status status;

    if (argc != 3)
        return 2;
    status = model_load(argv[1], NULL, &graph, &error);
    if (!status)
        status = model_write(graph, &options, argv[2], &error);
    if (status)
        fprintf(stderr, "write_numpy: %s\n", error.text);
    graph_free(graph);
    return status_exit_code(status);
}
