#include "daemon/route.h"

enum { ROOM_FACTOR = 2, ROOM_EXTRA = 8 };

void route_push(struct route *route, struct task_job *job, bool front)
{
    job->next = front ? route->first : NULL;
    if (front)
        route->first = job;
    else if (route->last)
        route->last->next = job;
    else
        route->first = job;
    if (!front || !route->last)
        route->last = job;
    route->waiting++;
}

struct task_job *route_pop(struct route *route)
{
    struct task_job *job = route->first;
    if (!job)
        return NULL;
    route->first = job->next;
    if (!route->first)
        route->last = NULL;
    job->next = NULL;
    route->waiting--;
    return job;
}

void route_know(struct route *route, int64_t target_id)
{
    for (size_t i = 0; i < route->target_count; i++)
        if (route->targets[i] == target_id)
            return;
    if (route->target_count < ROUTE_TARGETS_MAX)
        route->targets[route->target_count++] = target_id;
}

bool route_ready(const struct route *route, int64_t now_ms)
{
    return route->first && now_ms >= route->pause_until_ms &&
           route->backend->ops->capacity(route->backend) > 0;
}

unsigned route_room(const struct route *route)
{
    unsigned capacity = route->backend->ops->capacity(route->backend);
    unsigned limit = ROOM_FACTOR * (route->asking + capacity) + ROOM_EXTRA;
    return route->waiting < limit ? limit - route->waiting : 0;
}

int64_t route_away_ms(const struct route *route)
{
    return route->backend->ops->away_ms(route->backend);
}

void route_park(struct route *route, struct task *task)
{
    task->parked_next = route->parked;
    route->parked = task;
}

struct task *route_unpark(struct route *route)
{
    struct task *task = route->parked;
    if (task)
        route->parked = task->parked_next;
    return task;
}
