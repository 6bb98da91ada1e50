/* machine: a small state machine driven by a table.
 *
 * Every asynchronous object of the daemon embeds a `struct machine`. Its table names the states and
 * which state may follow which; an invariant is checked at each move. A move that the table does
 * not allow, or after which the invariant does not hold, is an error in the program and not in its
 * input: one line goes to the log and the process aborts, because what would follow could break a
 * promise. After dqlite's `sm`. A machine belongs to one thread.
 */
#ifndef DAEMON_MACHINE_H
#define DAEMON_MACHINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct machine_state {
    const char *name;
    uint32_t next; /* bit n: state n may follow; 0: a final state */
};

/* Lives as long as the program. */
struct machine_table {
    const char *name;
    const char *diagram; /* lines for a person, ends with a newline */
    unsigned count;      /* at most 32; state 0 is the first one */
    const struct machine_state *states;
};

struct machine;
typedef bool machine_invariant_fn(const struct machine *machine);

struct machine {
    const struct machine_table *table;
    machine_invariant_fn *invariant; /* may be NULL */
    unsigned state;
};

/* Puts the machine into state 0. The invariant is first asked at the first move. */
void machine_start(struct machine *machine, const struct machine_table *table,
                   machine_invariant_fn *invariant);

/* True when the table lets `next` follow the present state. */
bool machine_may(const struct machine *machine, unsigned next);

/* Moves, or aborts the process as described above. */
void machine_move(struct machine *machine, unsigned next);

/* Writes name, diagram and the list of allowed moves: what `carmlbenchd --dump-fsm` prints. */
void machine_dump(const struct machine_table *table, FILE *out);

/* Called after every move of every machine, NULL: nobody. For tests that count visited edges; set
 * it only while no machine moves. */
typedef void machine_observer_fn(const struct machine_table *table, unsigned from, unsigned to);
void machine_observe(machine_observer_fn *observer);

#endif
