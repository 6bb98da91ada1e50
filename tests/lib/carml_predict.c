/* carml_predict: open, close and reset; the predictions themselves are in carml_job. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/carml_call.h"
#include "tests/lib/carml_schema.h"

/* An open whose model is being loaded. */
struct opening {
    struct call call;
    uv_work_t work;
    struct agent_model *model;
    char request[1024]; /* what was asked for, for the error message */
    const char *refusal;
    enum status status;
    struct error error;
};

static void fail_open(const struct call *call, const char *message)
{
    call_fail(call, "Predict/Open", "(*PredictHandler).Open", message);
}

static void answer_open(struct opening *opening)
{
    const struct call *call = &opening->call;
    char uuid[UUID_SIZE];
    char message[2048];
    struct text text;
    text_init(&text, BODY_LIMIT);
    if (opening->status) {
        snprintf(message, sizeof message,
                 "unable to open model: rpc error: code = Unknown desc = %s", opening->error.text);
        fail_open(call, message);
    } else if (ids_open(call->carml->ids, opening->model, uuid)) {
        call_panic(call);
    } else {
        tally_count(call->carml->tally, "opened");
        text_printf(&text, "{\"id\":\"%s\"}\n", uuid);
        call_send(call, 200, NULL, &text, NULL, NULL);
    }
    free(opening);
}

static void load(uv_work_t *work)
{
    struct opening *opening = work->data;
    opening->status = agent_load(opening->model, &opening->error);
}

static void on_loaded(uv_work_t *work, int status)
{
    struct opening *opening = work->data;
    if (status)
        opening->status = error_set(&opening->error, STATUS_UNAVAILABLE, "cancelled");
    answer_open(opening);
}

/* The part of an open that comes after a wanted delay. */
static void open_now(void *context)
{
    struct opening *opening = context;
    if (!opening->model || opening->refusal) {
        fail_open(&opening->call, opening->request);
        free(opening);
        return;
    }
    opening->work.data = opening;
    if (uv_queue_work(opening->call.carml->loop, &opening->work, load, on_loaded))
        on_loaded(&opening->work, UV_ECANCELED);
}

static const char *or_any(const char *word)
{
    return *word ? word : "*";
}

/* Names as the server compares them: lower case, in B blanks and '-' as '_'. */
static void normalise(char *name, enum generation generation)
{
    for (; *name; name++) {
        if (*name >= 'A' && *name <= 'Z')
            *name = (char)(*name + 32);
        if (generation == GENERATION_B && (*name == ' ' || *name == '-'))
            *name = '_';
    }
}

static bool wants_gpu(const json_t *options)
{
    json_t *devices =
        json_object_get(json_object_get(options, "execution_options"), "device_count");
    const char *key = json_object_iter_key(json_object_iter(devices));
    return key && strcmp(key, "CPU") != 0;
}

static void apply_trace_level(struct carml *carml, const json_t *options)
{
    const char *level = schema_string(json_object_get(options, "execution_options"), "trace_level");
    if (*level)
        carml->tracing = strcmp(level, "NO_TRACE") != 0;
}

/* Finds the model, or writes into opening->request why there will be none. */
static void choose_model(struct opening *opening, const json_t *body)
{
    struct carml *carml = opening->call.carml;
    const json_t *options = json_object_get(body, "options");
    const char *host = schema_string(options, "agent");
    char model[256], framework[256];
    const char *version = or_any(schema_string(body, "model_version"));
    const char *framework_version = or_any(schema_string(body, "framework_version"));
    snprintf(model, sizeof model, "%s", or_any(schema_string(body, "model_name")));
    snprintf(framework, sizeof framework, "%s", or_any(schema_string(body, "framework_name")));
    normalise(model, carml->options.agent.generation);
    normalise(framework, carml->options.agent.generation);
    opening->model = agent_find(carml->agent, model, version, framework, framework_version);
    bool wild = strchr(model, '*') || strchr(version, '*') || strchr(framework, '*') ||
                strchr(framework_version, '*');
    opening->refusal = "";
    if (*host && strcmp(host, "127.0.0.1"))
        snprintf(opening->request, sizeof opening->request,
                 "unable to find agent %.200s which supports framework=%s:%.100s model=%s:%.100s",
                 host, framework, framework_version, model, version);
    else if (!opening->model)
        snprintf(opening->request, sizeof opening->request,
                 "unable to find agents for framework=%s:%.100s model=%s:%.100s", framework,
                 framework_version, model, version);
    else if (wild)
        snprintf(opening->request, sizeof opening->request,
                 "unable to open model: rpc error: code = Unknown desc = model %s:%.100s not "
                 "found in framework %s:%.100s",
                 model, version, framework, framework_version);
    else if (wants_gpu(options))
        snprintf(opening->request, sizeof opening->request,
                 "unable to open model: rpc error: code = Unknown desc = no GPU device");
    else
        opening->refusal = NULL;
}

void carml_predict_open(struct call *call, json_t *body)
{
    struct carml *carml = call->carml;
    const struct mischief_rule *rule = mischief_for_open(&carml->options.mischief);
    struct opening *opening = calloc(1, sizeof *opening);
    tally_count(carml->tally, "opens");
    if (!opening) {
        call_panic(call);
        return;
    }
    opening->call = *call;
    apply_trace_level(carml, json_object_get(body, "options"));
    choose_model(opening, body);
    carml_delay(carml, !rule ? 0 : rule->number ? rule->number : 1000, open_now, opening);
}

void carml_predict_close(struct call *call, json_t *body)
{
    struct carml *carml = call->carml;
    bool a = carml->options.agent.generation == GENERATION_A;
    json_t *predictor = json_object_get(body, "predictor");
    struct agent_model *model = NULL;
    tally_count(carml->tally, "closes");
    if (!a && !json_is_object(predictor)) {
        call_panic(call); /* B dereferences it without looking */
        return;
    }
    const char *id = schema_string(a ? body : predictor, "id");
    enum id_state state = ids_find(carml->ids, id, &model);
    ids_set(carml->ids, id, ID_UNKNOWN_TO_AGENT);
    if (state == ID_OPEN) {
        tally_count(carml->tally, "closed");
        call_send_text(call, 200, a ? "null\n" : "{}\n");
    } else if (state == ID_UNKNOWN) {
        call_fail(call, "Predict/Close", "(*PredictHandler).Close",
                  "unable to get client predictor value");
    } else {
        call_fail(call, "Predict/Close", "(*PredictHandler).Close",
                  "failed to close predictor client: rpc error: code = Unknown desc = predictor "
                  "ID was not found");
    }
}

/* The agent's method returns nothing, which gRPC cannot encode. */
void carml_predict_reset(struct call *call, json_t *body)
{
    (void)body;
    call_fail(call, "Predict/Reset", "(*PredictHandler).Reset",
              "rpc error: code = Internal desc = grpc: error while marshaling: proto: Marshal "
              "called with nil");
}
