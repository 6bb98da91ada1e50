/* conversion_fixture: writes graphs to files in a folder of its own and reads them back, for tests.
 */
#ifndef TESTS_LIB_CONVERSION_FIXTURE_H
#define TESTS_LIB_CONVERSION_FIXTURE_H

#include "model/model.h"

/* For cmocka: makes the folder, removes Caffe's two files in it, removes both. */
int conversion_setup(void **state);
int conversion_clean(void **state);
int conversion_teardown(void **state);

/* Where a model goes, without and with the endings. */
const char *conversion_stem(void);
const char *conversion_prototxt(void);
const char *conversion_caffemodel(void);

/* Finishes the graph, writes it and loads what was written; the files stay. Ends the test with the
 * error line if that fails. The caller frees both graphs. */
struct graph *conversion_through_caffe(struct graph *graph);

#endif
