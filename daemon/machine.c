#include "daemon/machine.h"

#include <stdlib.h>

#include "common/log.h"

static machine_observer_fn *observe;

void machine_start(struct machine *machine, const struct machine_table *table,
                   machine_invariant_fn *invariant)
{
    machine->table = table;
    machine->invariant = invariant;
    machine->state = 0;
}

bool machine_may(const struct machine *machine, unsigned next)
{
    return next < machine->table->count &&
           (machine->table->states[machine->state].next & (UINT32_C(1) << next)) != 0;
}

static const char *state_name(const struct machine_table *table, unsigned state)
{
    return state < table->count ? table->states[state].name : "?";
}

static void give_up(const struct machine *machine, unsigned from, unsigned to, const char *what)
{
    log_error("%s: %s from %s to %s; this is an error in carmlbench, please report it",
              machine->table->name, what, state_name(machine->table, from),
              state_name(machine->table, to));
    abort();
}

void machine_move(struct machine *machine, unsigned next)
{
    unsigned from = machine->state;
    if (!machine_may(machine, next))
        give_up(machine, from, next, "move that is not allowed");
    machine->state = next;
    if (machine->invariant && !machine->invariant(machine))
        give_up(machine, from, next, "invariant broken by the move");
    if (observe)
        observe(machine->table, from, next);
}

void machine_dump(const struct machine_table *table, FILE *out)
{
    fprintf(out, "%s\n\n%s\n", table->name, table->diagram);
    for (unsigned from = 0; from < table->count; from++) {
        fprintf(out, "    %s ->", table->states[from].name);
        if (!table->states[from].next)
            fputs(" (final)", out);
        for (unsigned to = 0; to < table->count; to++)
            if (table->states[from].next & (UINT32_C(1) << to))
                fprintf(out, " %s", table->states[to].name);
        fputc('\n', out);
    }
    fputc('\n', out);
}

void machine_observe(machine_observer_fn *observer)
{
    observe = observer;
}
