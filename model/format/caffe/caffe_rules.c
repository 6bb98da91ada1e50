/* Which layers take part (net.cpp, FilterNet and StateMeetsRule). */
#include <stdio.h>
#include <string.h>

#include "model/format/caffe/caffe_reading.h"

enum { MAX_STAGES = 64, STAGES_SHOWN = 16 };

/* The stages of the file's own `state` count. Its phase and level do not: Net::Net(param_file,
 * phase, level, stages) of net.cpp sets them and adds to the stages. */
void caffe_find_stages(struct caffe_reading *reading)
{
    const struct prototxt_field *stage =
        prototxt_find(prototxt_message(&reading->reader, reading->root, "state"), "stage");
    size_t count = 0;

    reading->stages = stage;
    for (; stage && !reading->reader.status; stage = prototxt_find_next(stage)) {
        prototxt_field_string(&reading->reader, stage);
        if (++count > MAX_STAGES)
            prototxt_fail(&reading->reader, stage, STATUS_LIMIT, "a state of more than %d stages",
                          MAX_STAGES);
    }
}

static bool in_stage(struct caffe_reading *reading, const struct prototxt_field *wanted)
{
    const struct prototxt_field *stage = reading->stages;
    const char *name = prototxt_field_string(&reading->reader, wanted);

    while (stage && strcmp(stage->text, name) != 0)
        stage = prototxt_find_next(stage);
    return stage != NULL;
}

static bool rule_met(struct caffe_reading *reading, const struct prototxt_field *rule)
{
    struct prototxt_reader *reader = &reading->reader;
    const struct prototxt_field *stage = prototxt_find(rule, "stage");
    int phase = prototxt_enum(reader, rule, "phase", "TRAIN TEST", 1);
    int64_t low = prototxt_int(reader, rule, "min_level", INT32_MIN, INT32_MAX, 0);
    int64_t high = prototxt_int(reader, rule, "max_level", INT32_MIN, INT32_MAX, 0);

    if (phase != 1 || low > 0 || high < 0)
        return false;
    for (; stage; stage = prototxt_find_next(stage)) {
        if (!in_stage(reading, stage))
            return false;
    }
    for (stage = prototxt_find(rule, "not_stage"); stage; stage = prototxt_find_next(stage)) {
        if (in_stage(reading, stage))
            return false;
    }
    return true;
}

static bool any_rule_met(struct caffe_reading *reading, const struct prototxt_field *layer,
                         const char *name)
{
    const struct prototxt_field *rule = prototxt_find(layer, name);

    for (; rule; rule = prototxt_find_next(rule)) {
        if (rule->kind != PROTOTXT_MESSAGE)
            prototxt_fail(&reading->reader, rule, STATUS_DATA, "'%s' must be a message in braces",
                          name);
        else if (rule_met(reading, rule))
            return true;
    }
    return false;
}

static bool takes_part(struct caffe_reading *reading, const struct prototxt_field *layer)
{
    bool include = prototxt_find(layer, "include") != NULL;

    if (include && prototxt_find(layer, "exclude"))
        prototxt_fail(&reading->reader, layer, STATUS_DATA,
                      "a layer may have include rules or exclude rules, not both");
    return include ? any_rule_met(reading, layer, "include")
                   : !any_rule_met(reading, layer, "exclude");
}

const struct prototxt_field *caffe_next_layer(struct caffe_reading *reading,
                                              const struct prototxt_field *layer)
{
    layer = layer ? prototxt_find_next(layer) : prototxt_find(reading->root, reading->layer_name);
    while (layer && !reading->reader.status && !takes_part(reading, layer))
        layer = prototxt_find_next(layer);
    return reading->reader.status ? NULL : layer;
}

/* ---- what to do about a layer that takes no part ---- */

struct stages {
    const char *names[STAGES_SHOWN];
    size_t count;
};

static void note_stages(struct stages *stages, const struct prototxt_field *rule)
{
    const struct prototxt_field *stage = prototxt_find(rule, "stage");

    for (; stage; stage = prototxt_find_next(stage)) {
        size_t i = 0;
        if (stage->kind != PROTOTXT_STRING)
            continue;
        while (i < stages->count && strcmp(stages->names[i], stage->text) != 0)
            i++;
        if (i == stages->count && i < STAGES_SHOWN)
            stages->names[stages->count++] = stage->text;
    }
}

/* The stages in the rules of one layer, `field` being include or exclude. */
static void note_layer(struct caffe_reading *reading, struct stages *stages,
                       const struct prototxt_field *layer, const char *field)
{
    const struct prototxt_field *rule = prototxt_find(layer, field);

    for (; rule; rule = prototxt_find_next(rule)) {
        if (prototxt_enum(&reading->reader, rule, "phase", "TRAIN TEST", 1) == 1)
            note_stages(stages, rule);
    }
}

void caffe_fail_filtered(struct caffe_reading *reading, const struct prototxt_field *layer,
                         const char *bottom, const struct prototxt_field *maker)
{
    const char *label = caffe_layer_label(reading, layer);
    const char *other = caffe_layer_label(reading, maker);
    const struct prototxt_field *each = prototxt_find(reading->root, reading->layer_name);
    struct stages own = {.count = 0}, all = {.count = 0};
    char list[256] = "";
    size_t used = 0;

    note_layer(reading, &own, maker, "include");
    for (; each; each = prototxt_find_next(each)) {
        note_layer(reading, &all, each, "include");
        note_layer(reading, &all, each, "exclude");
    }
    for (size_t i = 0; i < all.count && used < sizeof list; i++) {
        int wrote =
            snprintf(list + used, sizeof list - used, "%s'%s'", i ? ", " : "", all.names[i]);
        used += wrote > 0 ? (size_t)wrote : 0;
    }
    if (!own.count)
        prototxt_fail(&reading->reader, layer, STATUS_DATA,
                      "layer '%s': bottom '%s' is made by layer '%s' in line %u only, whose rules "
                      "keep it out of phase TEST; take its include or exclude out",
                      label, bottom, other, maker->line);
    else
        prototxt_fail(&reading->reader, layer, STATUS_DATA,
                      "layer '%s': bottom '%s' is made by layer '%s' in line %u only, whose rules "
                      "keep it out of %s; put state { stage: \"%.40s\" } into the prototxt (its "
                      "rules name the stages %s), or add input: \"%s\" and its input_shape",
                      label, bottom, other, maker->line,
                      reading->stages ? "the stages of the file's state"
                                      : "phase TEST without stages",
                      own.names[0], list, bottom);
}
