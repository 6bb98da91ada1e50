#include "daemon/backends/carml_message.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "common/hash.h"

enum { MESSAGE_MAX = 512, JSON_MAX = 64 * 1024 };

/* The length of `text` without the slashes at its end. */
static size_t without_slashes(const char *text, size_t length)
{
    while (length > 0 && text[length - 1] == '/')
        length--;
    return length;
}

static bool is_server(const char *base)
{
    const char *scheme_end = strstr(base, "://");
    size_t host = scheme_end ? strcspn(scheme_end + 3, "/?#") : 0;
    return host > 0 && !strpbrk(base, " \t\r\n?#") && !strstr(scheme_end + 3, "://");
}

enum status carml_base_url(const char *text, char base[CARML_URL_MAX], struct error *error)
{
    bool web = strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0;
    size_t length = without_slashes(text, strlen(text));
    if (length >= 5 && strncmp(text + length - 4, "/api", 4) == 0 && text[length - 5] != '/')
        length = without_slashes(text, length - 4);
    if (length + 8 >= CARML_URL_MAX)
        return error_set(error, STATUS_CONFIG, "carml.url: too long, give http://HOST:PORT");
    snprintf(base, CARML_URL_MAX, "%s%.*s", web ? "" : "http://", (int)length, text);
    if (!is_server(base))
        return error_set(error, STATUS_CONFIG,
                         "carml.url: \"%s\" is not the address of a server, give http://HOST:PORT",
                         text);
    return STATUS_OK;
}

/* Appends and frees the document; NULL (a string that is not UTF-8, no memory) is an error. */
static enum status append_json(struct buf *out, json_t *document)
{
    char *text = document ? json_dumps(document, JSON_COMPACT) : NULL;
    enum status status = text ? buf_append_text(out, text) : STATUS_DATA;
    free(text);
    json_decref(document);
    return status;
}

enum status carml_open_body(struct buf *out, const struct store_target *target,
                            const struct config *config)
{
    /* batch_size must stand in `options`: in `execution_options` it is silently ignored. */
    json_t *document =
        json_pack("{s:s, s:s, s:s, s:s, s:{s:i, s:{s:s}}}", "framework_name", target->framework,
                  "framework_version", target->framework_version, "model_name", target->model,
                  "model_version", target->model_version, "options", "batch_size", 1,
                  "execution_options", "trace_level", config_trace_name(config));
    /* The number is a device number, not a count, whatever the swagger text says. */
    static const char *const devices[] = {[CONFIG_DEVICE_CPU] = "CPU", [CONFIG_DEVICE_GPU] = "GPU"};
    if (document && config->carml.device != CONFIG_DEVICE_ANY) {
        json_t *options = json_object_get(document, "options");
        json_object_set_new(json_object_get(options, "execution_options"), "device_count",
                            json_pack("{s:i}", devices[config->carml.device], 0));
    }
    return append_json(out, document);
}

enum status carml_urls_body(struct buf *out, const char *predictor, const char *url)
{
    return append_json(out, json_pack("{s:{s:s}, s:[{s:s, s:s}]}", "predictor", "id", predictor,
                                      "urls", "id", "1", "data", url));
}

/* Written around the base64 text, because a tree would hold a second copy of the picture. */
enum status carml_images_body(struct buf *out, const char *predictor, const void *bytes,
                              size_t size)
{
    enum status status = append_json(out, json_pack("{s:{s:s}, s:[{s:s, s:s}]}", "predictor", "id",
                                                    predictor, "images", "id", "1", "data", ""));
    static const char tail[] = "\"}]}";
    if (status)
        return status;
    out->size -= sizeof tail - 1;
    status = base64_append(out, bytes, size);
    return status ? status : buf_append_text(out, tail);
}

enum status carml_close_body(struct buf *out, const char *predictor)
{
    return append_json(out,
                       json_pack("{s:s, s:{s:s}}", "id", predictor, "predictor", "id", predictor));
}

enum status carml_open_id(const struct buf *body, char id[CARML_ID_MAX])
{
    json_t *document = body->size <= JSON_MAX
                           ? json_loadb(body->data ? body->data : "", body->size, 0, NULL)
                           : NULL;
    const char *text = json_string_value(json_object_get(document, "id"));
    size_t length = text ? strlen(text) : 0;
    bool fits = length > 0 && length < CARML_ID_MAX;
    if (fits)
        memcpy(id, text, length + 1);
    json_decref(document);
    return fits ? STATUS_OK : STATUS_DATA;
}

/* The `message` of an error object; "" when the body is not one (the server pastes messages into
 * JSON without escaping them, and sends an empty body when that broke it). */
static void read_message(const struct buf *body, char message[MESSAGE_MAX])
{
    message[0] = '\0';
    if (!body || body->size == 0 || body->size > JSON_MAX)
        return;
    json_t *document = json_loadb(body->data, body->size, JSON_DECODE_ANY, NULL);
    const char *text = json_is_string(document)
                           ? json_string_value(document)
                           : json_string_value(json_object_get(document, "message"));
    if (text) {
        size_t length = strlen(text);
        length = length < MESSAGE_MAX ? length : MESSAGE_MAX - 1;
        memcpy(message, text, length);
        message[length] = '\0';
    }
    json_decref(document);
}

static enum carml_outcome judge_transport(const struct http_answer *answer)
{
    if (answer->too_large || answer->bad_redirect)
        return CARML_MISSHAPEN;
    switch (answer->code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return CARML_UNREACHABLE;
    case CURLE_OPERATION_TIMEDOUT: /* connecting that took too long is COULDNT_CONNECT */
        return CARML_TIMEOUT;
    case CURLE_WEIRD_SERVER_REPLY:
        return CARML_MISSHAPEN;
    default:
        return CARML_LOST;
    }
}

static enum carml_outcome judge_message(const char *message)
{
    static const struct {
        const char *part;
        enum carml_outcome outcome;
    } known[] = {
        {"unable to get client predictor value", CARML_FORGOTTEN}, /* the web server restarted */
        {"predictor ID was not found", CARML_FORGOTTEN},           /* the agent restarted */
        {"code = Unavailable", CARML_LOST},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strstr(message, known[i].part))
            return known[i].outcome;
    return CARML_REFUSED;
}

static enum carml_outcome judge_status(long status, const char *message)
{
    switch (status) {
    case 404:
    case 405:
    case 415:
    case 422:
    case 501:
        return CARML_NOT_TAKEN;
    case 401: /* nothing under /predict asks for a login: something else stands there */
    case 403:
    case 407:
    case 408:
    case 429:
        return CARML_BROKEN;
    default:
        break;
    }
    if (status >= 200 && status < 300)
        return CARML_OK;
    if (status >= 500)
        return CARML_BROKEN;
    return status >= 400 ? judge_message(message) : CARML_MISSHAPEN;
}

enum carml_outcome carml_judge(const struct http_answer *answer, const char *what,
                               struct error *why)
{
    if (answer->code != CURLE_OK || answer->too_large || answer->bad_redirect) {
        error_set(why, STATUS_UNAVAILABLE, "%s: %s", what,
                  answer->message ? answer->message : curl_easy_strerror(answer->code));
        return judge_transport(answer);
    }
    char message[MESSAGE_MAX];
    read_message(answer->body, message);
    error_set(why, STATUS_UNAVAILABLE, "%s: HTTP %ld%s%s", what, answer->status,
              message[0] ? ": " : " without a message", message);
    return judge_status(answer->status, message);
}
