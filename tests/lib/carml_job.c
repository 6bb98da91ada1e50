/* carml_job: /predict/urls and /predict/images.
 *
 *   called --> downloading (one URL after the other) --> classifying (thread pool) --> delay -->
 * answered
 *
 * As in CarML, one bad URL loses the whole call, nothing is sent before everything is done, and a
 * caller that hangs up stops nothing.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "tests/lib/carml_call.h"
#include "tests/lib/carml_schema.h"

enum { MAX_PICTURES = 4096, FEATURES_LIMIT = 64 << 20, PICTURE_LIMIT = 64 << 20 };

struct picture {
    struct buf bytes;
    struct text features;
    enum status status; /* of agent_classify */
};

struct job {
    struct call call;
    uv_work_t work;
    const char *name;    /* in error objects: "Predict/URLs" */
    const char *handler; /* in their stacks */
    struct agent_model *model;
    json_t *list; /* of the request: urls or images */
    char predictor[UUID_SIZE];
    char request_id[UUID_SIZE + 100];
    struct wire_style style;
    enum mischief_kind mischief;
    unsigned long number; /* of the mischief */
    bool instant;         /* the features written once are the answer */
    char cause[512];      /* of the first bad picture; "" when all are good */
    size_t count, next;
    struct picture pictures[];
};

static void free_job(struct job *job)
{
    for (size_t i = 0; i < job->count; i++) {
        buf_free(&job->pictures[i].bytes);
        text_free(&job->pictures[i].features);
    }
    json_decref(job->list);
    free(job);
}

static void fail_job(struct job *job)
{
    char message[1024];
    if (job->style.generation == GENERATION_A)
        snprintf(message, sizeof message,
                 "rpc error: code = Unknown desc = expecting []float32 for each image in predict "
                 "image step, but got %s",
                 job->cause);
    else
        snprintf(message, sizeof message,
                 "rpc error: code = Unknown desc = unable to cast to dense tensor in predict_step "
                 "step");
    call_fail(&job->call, job->name, job->handler, message);
}

/* Ends `responses` and the body. */
static void write_end(const struct job *job, struct text *text)
{
    const struct call *call = &job->call;
    text_add(text, "]");
    if (job->style.generation == GENERATION_B && call->carml->tracing) {
        const char *low = call->trace_id + (strlen(call->trace_id) > 16 ? 16 : 0);
        low += strspn(low, "0");
        text_printf(text, ",\"trace_id\":{\"id\":\"%s\"}", low);
    }
    text_add(text, "}\n");
}

/* One picture and ready features: they are sent from where they are. */
static void answer_instantly(struct job *job)
{
    struct text before, after;
    bool html = job->style.generation == GENERATION_A;
    text_init(&before, FEATURES_LIMIT);
    text_init(&after, FEATURES_LIMIT);
    text_printf(&before, "{\"id\":\"%s\",\"responses\":[", job->predictor);
    wire_response_begin(&before);
    wire_response_end(&after, job->request_id, html);
    write_end(job, &after);
    call_send(&job->call, 200, NULL, &before, agent_instant_features(job->model), &after);
}

/* Appends the responses; false when a value cannot be encoded. */
static bool write_responses(struct job *job, struct text *text)
{
    bool html = job->style.generation == GENERATION_A;
    bool backwards = job->mischief == MISCHIEF_SHUFFLE;
    size_t done = 0;
    while (done < job->count && job->pictures[done].status != STATUS_UNSUPPORTED)
        done++; /* a panic: this one and those behind it vanish without an error */
    for (size_t i = 0; i < done; i++) {
        const struct picture *picture = &job->pictures[backwards ? done - 1 - i : i];
        if (picture->features.status)
            return false;
        text_add(text, i ? "," : "");
        wire_response_begin(text);
        text_put(text, picture->features.buf.data, picture->features.buf.size);
        wire_response_end(text, job->request_id, html);
    }
    return true;
}

static void answer_job(void *context)
{
    struct job *job = context;
    struct text text;
    text_init(&text, BODY_LIMIT);
    if (job->cause[0]) {
        fail_job(job);
    } else if (job->instant && job->count == 1) {
        answer_instantly(job);
    } else {
        text_printf(&text, "{\"id\":\"%s\",\"responses\":[", job->predictor);
        bool encoded = job->mischief == MISCHIEF_EMPTY_RESPONSES || write_responses(job, &text);
        write_end(job, &text);
        if (!encoded) /* NaN: Go has sent its 200 when the encoder gives up */
            buf_clear(&text.buf);
        call_send(&job->call, 200, NULL, &text, NULL, NULL);
    }
    text_free(&text);
    free_job(job);
}

static void answer_in_time(struct job *job)
{
    unsigned long ms = job->mischief != MISCHIEF_SLOW ? 0 : job->number ? job->number : 1000;
    tally_count(job->call.carml->tally, job->cause[0] ? "failed" : "predicted");
    carml_delay(job->call.carml, ms, answer_job, job);
}

static void classify(uv_work_t *work)
{
    struct job *job = work->data;
    for (size_t i = 0; i < job->count; i++) {
        struct picture *picture = &job->pictures[i];
        picture->status = agent_classify(job->model, picture->bytes.data, picture->bytes.size,
                                         job->style, &picture->features);
        if (picture->status == STATUS_UNSUPPORTED)
            return;
        if (picture->status)
            snprintf(job->cause, sizeof job->cause, "unable to read image");
    }
}

static void on_classified(uv_work_t *work, int status)
{
    struct job *job = work->data;
    if (status)
        snprintf(job->cause, sizeof job->cause, "the agent is stopping");
    answer_in_time(job);
}

static void start_classifying(struct job *job)
{
    job->work.data = job;
    if (job->cause[0] || (job->instant && job->count == 1))
        answer_in_time(job);
    else if (uv_queue_work(job->call.carml->loop, &job->work, classify, on_classified))
        on_classified(&job->work, UV_ECANCELED);
}

static void download_next(struct job *job);

static void on_downloaded(void *context, struct buf *body, const char *cause)
{
    struct job *job = context;
    job->pictures[job->next].bytes = *body;
    if (!*cause && !body->size)
        cause = "unable to read image";
    if (!job->cause[0])
        snprintf(job->cause, sizeof job->cause, "%s", cause);
    job->next++;
    download_next(job);
}

static void download_next(struct job *job)
{
    struct carml *carml = job->call.carml;
    if (job->next == job->count) {
        start_classifying(job);
        return;
    }
    const char *url = schema_string(json_array_get(job->list, job->next), "data");
    tally_url(carml->tally, url);
    downloader_get(carml->downloader, url, on_downloaded, job);
}

/* What stands in for an answer when the server misbehaves in a way that needs no prediction. */
static void answer_cut(const struct call *call)
{
    static const char part[] = "{\"id\":\"691599fd-2c8c-462b-bc5b-7acbe5244b41\",\"responses\":[{"
                               "\"features\":[{\"index\":1,\"na";
    server_answer(call->exchange, &(struct server_answer){.status = 200,
                                                          .type = "application/json",
                                                          .length = 100000,
                                                          .body = {{part, sizeof part - 1}},
                                                          .end = SERVER_RESET});
}

struct huge {
    bool begun;
    unsigned long long left;
};

static bool next_huge(void *owned, struct server_piece *piece)
{
    static const char begin[] =
        "{\"id\":\"691599fd-2c8c-462b-bc5b-7acbe5244b41\",\"responses\":[{\"features\":[";
    static char features[1 << 16];
    static const char one[] = "{\"index\":1,\"name\":\"n01443537 goldfish\",\"probability\":0.5},";
    struct huge *huge = owned;
    size_t whole = sizeof features / (sizeof one - 1) * (sizeof one - 1);
    for (size_t at = 0; !features[0] && at < whole; at += sizeof one - 1)
        memcpy(features + whole - sizeof one + 1 - at, one, sizeof one - 1);
    if (!huge->left)
        return false;
    *piece = huge->begun ? (struct server_piece){features, whole}
                         : (struct server_piece){begin, sizeof begin - 1};
    if (huge->begun)
        huge->left -= huge->left < whole ? huge->left : whole;
    huge->begun = true;
    return true;
}

static void answer_huge(const struct call *call, unsigned long mebibytes)
{
    struct huge *huge = calloc(1, sizeof *huge);
    if (!huge) {
        call_panic(call);
        return;
    }
    huge->left = (mebibytes ? mebibytes : 256ull) << 20;
    server_stream(
        call->exchange,
        &(struct server_answer){
            .status = 200, .type = "application/json", .length = SERVER_LENGTH_NONE, .owned = huge},
        next_huge, 0);
}

/* Misbehaves where the kind needs no prediction; false when the call goes on. */
static bool misbehave(struct call *call, const struct mischief_rule *rule, const char *id)
{
    const char *handler = "(*PredictHandler).URLs";
    switch (rule ? rule->kind : MISCHIEF_NONE) {
    case MISCHIEF_BAD_JSON:
        call_fail(call, "Predict/URLs", handler,
                  "rpc error: code = Unavailable desc = transport is closing");
        return true;
    case MISCHIEF_BAD_EMPTY:
        call_send_text(call, 400, "");
        return true;
    case MISCHIEF_UNPROCESSABLE:
        call_refuse(call, 422, 602, NULL, "body in body is required");
        return true;
    case MISCHIEF_PANIC:
        call_panic(call);
        return true;
    case MISCHIEF_NOT_IMPLEMENTED:
        call_send_text(call, 501, "\"operation predict.URLs has not yet been implemented\"\n");
        return true;
    case MISCHIEF_FORGET:
        ids_set(call->carml->ids, id, ID_UNKNOWN);
        return false;
    case MISCHIEF_FORGET_AGENT:
        ids_set(call->carml->ids, id, ID_UNKNOWN_TO_AGENT);
        return false;
    case MISCHIEF_STALL:
        server_answer(call->exchange, &(struct server_answer){.end = SERVER_SILENCE});
        return true;
    case MISCHIEF_CUT:
        answer_cut(call);
        return true;
    case MISCHIEF_HUGE:
        answer_huge(call, rule->number);
        return true;
    case MISCHIEF_NOT_JSON:
        server_reply(call->exchange, 200, "text/html", NULL, "<html><body>Welcome</body></html>");
        return true;
    case MISCHIEF_NAN:
        call_send_text(call, 200, "");
        return true;
    case MISCHIEF_CRASH:
        raise(SIGKILL);
        return true;
    default:
        return false;
    }
}

static struct job *make_job(struct call *call, json_t *body, json_t *list, const char *id,
                            const struct mischief_rule *rule)
{
    size_t count = json_array_size(list);
    struct job *job =
        count > MAX_PICTURES ? NULL : calloc(1, sizeof *job + count * sizeof job->pictures[0]);
    if (!job)
        return NULL;
    const char *request_id = schema_string(json_object_get(body, "options"), "request_id");
    job->call = *call;
    job->list = json_incref(list);
    job->count = count;
    job->mischief = rule ? rule->kind : MISCHIEF_NONE;
    job->number = rule ? rule->number : 0;
    job->style = (struct wire_style){.generation = call->carml->options.agent.generation,
                                     .marked = job->mischief == MISCHIEF_ESCAPES,
                                     .incomplete = job->mischief == MISCHIEF_MISSING_CLASSES};
    snprintf(job->predictor, sizeof job->predictor, "%s", id);
    if (*request_id)
        snprintf(job->request_id, sizeof job->request_id, "%s", request_id);
    else
        wire_uuid(job->request_id);
    for (size_t i = 0; i < count; i++) {
        buf_init(&job->pictures[i].bytes, PICTURE_LIMIT);
        text_init(&job->pictures[i].features, FEATURES_LIMIT);
    }
    return job;
}

/* The part that urls and images share. NULL: the call has been answered. */
static struct job *begin(struct call *call, json_t *body, const char *list, const char *name,
                         const char *handler)
{
    struct carml *carml = call->carml;
    json_t *predictor = json_object_get(body, "predictor");
    const char *id = schema_string(predictor, "id");
    struct agent_model *model = NULL;
    struct job *job = NULL;
    if (!json_is_object(predictor)) {
        call_fail(call, name, handler, "invalid nil predictor");
        return NULL;
    }
    const struct mischief_rule *rule = mischief_for_predict(&carml->options.mischief);
    if (misbehave(call, rule, id))
        return NULL;
    enum id_state state = ids_find(carml->ids, id, &model);
    if (state == ID_UNKNOWN) {
        call_fail(call, name, handler, "unable to get client predictor value");
        return NULL;
    }
    if (state == ID_UNKNOWN_TO_AGENT) {
        call_fail(call, name, handler,
                  "rpc error: code = Unknown desc = predictor ID was not found");
        return NULL;
    }
    job = make_job(call, body, json_object_get(body, list), id, rule);
    if (!job) {
        call_panic(call);
        return NULL;
    }
    job->name = name;
    job->handler = handler;
    job->model = model;
    job->instant = agent_instant_features(model) && !job->style.marked && !job->style.incomplete &&
                   job->mischief != MISCHIEF_EMPTY_RESPONSES;
    return job;
}

void carml_predict_urls(struct call *call, json_t *body)
{
    struct carml *carml = call->carml;
    tally_count(carml->tally, "urls");
    struct job *job = begin(call, body, "urls", "Predict/URLs", "(*PredictHandler).URLs");
    if (!job)
        return;
    if (agent_instant_features(job->model) && !carml->options.instant_fetch) {
        for (size_t i = 0; i < job->count; i++)
            tally_url(carml->tally, schema_string(json_array_get(job->list, i), "data"));
        job->next = job->count;
    }
    download_next(job);
}

/* Decodes the pictures of the request; false when one is not base64. */
static bool decode_images(struct job *job)
{
    for (size_t i = 0; i < job->count; i++) {
        const char *data = schema_string(json_array_get(job->list, i), "data");
        if (base64_decode(&job->pictures[i].bytes, data, strlen(data)))
            return false;
        if (!job->pictures[i].bytes.size)
            snprintf(job->cause, sizeof job->cause, "unable to read image");
    }
    return true;
}

void carml_predict_images(struct call *call, json_t *body)
{
    struct carml *carml = call->carml;
    tally_count(carml->tally, "images");
    struct job *job = begin(call, body, "images", "Predict/Images", "(*PredictHandler).Images");
    if (!job)
        return;
    if (!decode_images(job)) {
        call_refuse(call, 400, 400, NULL,
                    "parsing body body from \"\" failed, because illegal base64 data");
        free_job(job);
        return;
    }
    if (!carml->options.images_work) /* the agent's reader knows streams and data sets only */
        snprintf(job->cause, sizeof job->cause,
                 "expecting a io.Reader or dataset element for read image step, but got "
                 "*dlframework.ImagesRequest_Image");
    start_classifying(job);
}
