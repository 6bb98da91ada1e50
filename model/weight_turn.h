/* weight_turn: all numbers of a turned weight at about the price of copying them.
 *
 * Row-major order, which weight_read() keeps, may jump through the file so that every cache line is
 * fetched many times: a matrix whose columns are to become rows. Here the view is cut into boxes
 * that are wide enough both in the file and in the result; a box is gathered in memory and handed
 * on as the stretches that it fills, which are not in order.
 */
#ifndef MODEL_WEIGHT_TURN_H
#define MODEL_WEIGHT_TURN_H

#include "model/weight.h"

/* Takes elements [first, first + count) of the row-major order. */
typedef void weight_sink(void *context, size_t first, const float *numbers, size_t count);

/* Calls `sink` until it had every element exactly once. `room` holds `capacity` > 0 floats; with
 * WEIGHT_TURN_ROOM of them the stretches are 256 kB or more, as far as the weight has so many and
 * but for the rest at the end of an axis; a few MB of the room are used where that is enough.
 * Any thread; the sink runs in the caller's. */
enum { WEIGHT_TURN_ROOM = 4 << 20 };
void weight_turn(const struct weight *weight, float *room, size_t capacity, weight_sink *sink,
                 void *context);

#endif
