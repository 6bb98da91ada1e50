#include "daemon/live.h"

#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "common/page/page.h"

static const char *find(const char *name)
{
    for (size_t i = 0; i < live_files_count; i++)
        if (strcmp(live_files[i].name, name) == 0)
            return live_files[i].text;
    return "";
}

/* Appends 'sha256-...' of the text, as a policy names what may run. */
static enum status allow(struct buf *policy, const char *text)
{
    char hex[SHA256_HEX_SIZE], octet[3] = "";
    unsigned char digest[(SHA256_HEX_SIZE - 1) / 2];
    enum status status = hash_sha256(text, strlen(text), hex);
    for (size_t i = 0; !status && i < sizeof digest; i++) {
        memcpy(octet, hex + 2 * i, 2);
        digest[i] = (unsigned char)strtoul(octet, NULL, 16);
    }
    if (!status)
        status = buf_append_text(policy, "'sha256-");
    if (!status)
        status = base64_append(policy, digest, sizeof digest);
    return status ? status : buf_append_text(policy, "'");
}

/* Replaces `mark`, which stands in the rest of the page once, by the text; *rest is behind it. */
static enum status insert(struct buf *page, const char **rest, const char *mark, const char *text)
{
    const char *at = strstr(*rest, mark);
    if (!at)
        return STATUS_INTERNAL;
    enum status status = buf_append(page, *rest, (size_t)(at - *rest));
    *rest = at + strlen(mark);
    return status ? status : buf_append_text(page, text);
}

static enum status make(struct buf *style, struct buf *page, struct buf *policy)
{
    const char *rest = find("live.html"), *script = find("live.js");
    enum status status = buf_append_text(style, page_style());
    if (!status)
        status = buf_append_text(style, find("live.css"));
    if (!status)
        status = insert(page, &rest, "{{style}}", style->data);
    if (!status)
        status = insert(page, &rest, "{{script}}", script);
    if (!status)
        status = buf_append_text(page, rest);
    if (!status)
        status = buf_append_text(policy, "default-src 'none'; connect-src 'self'; base-uri 'none'; "
                                         "form-action 'none'; frame-ancestors 'none'; style-src ");
    if (!status)
        status = allow(policy, style->data);
    if (!status)
        status = buf_append_text(policy, "; script-src ");
    return status ? status : allow(policy, script);
}

enum status live_page(struct buf *page, struct buf *policy)
{
    struct buf style;
    buf_init(&style, page->limit);
    enum status status = make(&style, page, policy);
    buf_free(&style);
    return status;
}
