/* The pictures about which the answers differ most, as far as they were kept. */
#include "cli/report/html_page.h"
#include "common/hash.h"
#include "common/pictures.h"

enum { LONGEST_SIDE = 240, QUALITY = 75, PICTURE_LIMIT = 64 << 20 };

static enum status make_thumbnail(const struct html_options *options, const char *sha256,
                                  struct buf *jpeg, struct image_info *info)
{
    const struct image_thumbnail_options small = {
        .limits = options->limits, .longest_side = LONGEST_SIDE, .quality = QUALITY};
    struct buf bytes;
    struct error error;
    enum reason reason;

    buf_init(&bytes, PICTURE_LIMIT);
    enum status status = picture_read(options->pictures, sha256, &bytes, &error);
    if (!status)
        status = image_thumbnail(bytes.data, bytes.size, &small, jpeg, info, &reason, &error);
    buf_free(&bytes);
    return status;
}

static void put_box(struct html *html, const char *words)
{
    html_put(html, "<div class=\"no-picture\">%s</div>\n", words);
}

/* `room`: bytes that thumbnails may still take; less afterwards. */
static void put_picture(struct page *page, const struct report_disagreement *row, size_t *room)
{
    struct image_info info;
    struct buf jpeg;

    if (!row->image_sha256) {
        put_box(&page->html, "picture not kept");
        return;
    }
    buf_init(&jpeg, *room);
    enum status status = make_thumbnail(page->options, row->image_sha256, &jpeg, &info);
    if (status == STATUS_NO)
        put_box(&page->html, "picture not kept");
    else if (status == STATUS_LIMIT && *room < HTML_THUMBNAILS / 8)
        put_box(&page->html, "picture left out: the page has its fill of them");
    else if (status)
        put_box(&page->html, "picture cannot be read");
    else {
        html_put(&page->html,
                 "<img alt=\"The picture that was asked about\" width=\"%u\" height=\"%u\" "
                 "src=\"data:image/jpeg;base64,",
                 info.width, info.height);
        if (!page->html.status)
            page->html.status = base64_append(page->html.out, jpeg.data, jpeg.size);
        html_markup(&page->html, "\">\n");
        *room -= jpeg.size;
    }
    buf_free(&jpeg);
}

/* One of the two answers of a row. */
struct answer {
    const char *model, *framework, *backend, *label, *wnid;
    double probability;
};

static struct answer answer_of(const struct report_disagreement *row, bool second)
{
    if (second)
        return (struct answer){row->model_b, row->framework_b, row->backend_b,
                               row->label_b, row->wnid_b,      row->probability_b};
    return (struct answer){row->model_a, row->framework_a, row->backend_a,
                           row->label_a, row->wnid_a,      row->probability_a};
}

static bool same_picture(const struct report_disagreement *a, const struct report_disagreement *b)
{
    return page_same(a->run, b->run) && page_same(a->url, b->url);
}

static bool same_who(const struct answer *a, const struct answer *b)
{
    return page_same(a->model, b->model) && page_same(a->framework, b->framework) &&
           page_same(a->backend, b->backend);
}

/* Whether an earlier row about the same picture has that one's answer. */
static bool is_repeated(const struct report *report, size_t index, bool second)
{
    const struct answer wanted = answer_of(&report->disagreements[index], second);
    for (size_t i = 0; i < index; i++) {
        const struct report_disagreement *row = &report->disagreements[i];
        const struct answer a = answer_of(row, false), b = answer_of(row, true);
        if (same_picture(row, &report->disagreements[index]) &&
            (same_who(&a, &wanted) || same_who(&b, &wanted)))
            return true;
    }
    return false;
}

static void put_answer(struct page *page, const struct answer *answer, bool one_model)
{
    struct html *html = &page->html;
    if (one_model)
        html_put(html, "<tr><th scope=\"row\"><bdi>%s</bdi>", answer->framework);
    else
        html_put(html,
                 "<tr><th scope=\"row\"><bdi>%s</bdi> <span class=\"muted\"><bdi>%s</bdi></span>",
                 answer->model, answer->framework);
    if (page->many_backends)
        html_put(html, " <span class=\"muted\">by <bdi>%s</bdi></span>", answer->backend);
    html_put(html, "</th><td><bdi>%s</bdi>", answer->label);
    if (answer->wnid && *answer->wnid)
        html_put(html, " <span class=\"wnid\">%s</span>", answer->wnid);
    html_put(html, "</td><td class=\"number\">%s</td></tr>\n",
             number_fixed(answer->probability, 3).text);
}

static void put_expected(struct html *html, const struct report_disagreement *row)
{
    bool has_text = row->expected_text && *row->expected_text;
    html_markup(html, "<p class=\"small\">Expected: ");
    if (has_text)
        html_put(html, "<bdi>%s</bdi>", row->expected_text);
    if (row->expected_wnid && *row->expected_wnid)
        html_put(html, "%s<span class=\"wnid\">%s</span>", has_text ? " " : "", row->expected_wnid);
    else if (!has_text)
        html_markup(html, "nothing was said");
    html_markup(html, "</p>\n");
}

/* The answers of all rows about the picture of row `first`. */
static void put_answers(struct page *page, size_t first, size_t number)
{
    const struct report *report = page->report;
    const struct report_disagreement *rows = report->disagreements;
    bool one_model = true, one_class = true;

    for (size_t i = first; i < report->disagreement_count; i++) {
        if (!same_picture(&rows[i], &rows[first]))
            continue;
        one_model &= page_same(rows[i].model_a, rows[first].model_a) &&
                     page_same(rows[i].model_b, rows[first].model_a);
        one_class &= rows[i].same_first;
    }
    html_put(&page->html, "<table><caption>%zu. ", number);
    if (one_model)
        html_put(&page->html, "<bdi>%s</bdi>: ", rows[first].model_a);
    html_put(
        &page->html,
        "%s</caption>\n<colgroup><col class=\"who\"><col><col class=\"share\"></colgroup><thead "
        "class=\"visually-hidden\"><tr><th scope=\"col\">Who</th><th "
        "scope=\"col\">Answer</th><th scope=\"col\">Probability</th></tr></thead>\n<tbody>\n",
        one_class ? "the same class, another probability" : "different classes");
    for (size_t i = first; i < report->disagreement_count; i++)
        for (int second = 0; second < 2 && same_picture(&rows[i], &rows[first]); second++) {
            const struct answer answer = answer_of(&rows[i], second);
            if (!is_repeated(report, i, second))
                put_answer(page, &answer, one_model);
        }
    html_markup(&page->html, "</tbody></table>\n");
}

static void put_card(struct page *page, size_t first, size_t number, size_t *room)
{
    const struct report_disagreement *row = &page->report->disagreements[first];
    html_markup(&page->html, "<li class=\"card\">\n");
    if (page->options->pictures)
        put_picture(page, row, room);
    html_markup(&page->html, "<p class=\"url small\">");
    html_url(&page->html, row->url);
    html_markup(&page->html, "</p>\n");
    put_expected(&page->html, row);
    put_answers(page, first, number);
    html_markup(&page->html, "</li>\n");
}

static bool is_first(const struct report *report, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (same_picture(&report->disagreements[i], &report->disagreements[index]))
            return false;
    return true;
}

void page_gallery(struct page *page)
{
    const struct report *report = page->report;
    size_t room = HTML_THUMBNAILS, number = 0;

    page_section(page, "disagreements", "Where the answers differ most");
    if (!report->disagreement_count) {
        html_put(&page->html, "<p class=\"notice\">%s</p>\n",
                 report->pair_count ? "No two answers about the same bytes differ."
                                    : "Nothing to compare, so nothing differs.");
        page_section_end(page);
        return;
    }
    html_put(
        &page->html,
        "<p>The pictures about which two answers are furthest apart: they name another class, or "
        "the same with quite another probability.%s</p>\n<ol class=\"gallery\">\n",
        page->options->pictures ? "" : " The setting pictures.folder would keep them to be shown.");
    for (size_t i = 0; i < report->disagreement_count; i++)
        if (is_first(report, i))
            put_card(page, i, ++number, &room);
    html_markup(&page->html, "</ol>\n");
    page_section_end(page);
}
