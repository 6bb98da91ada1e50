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

    if (!page->options->pictures || !row->image_sha256) {
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

static void put_who(struct page *page, const struct report_disagreement *row, bool second)
{
    const char *model = second ? row->model_b : row->model_a;
    const char *framework = second ? row->framework_b : row->framework_a;
    const char *backend = second ? row->backend_b : row->backend_a;

    html_put(&page->html, "<th scope=\"row\"><bdi>%s</bdi>", framework);
    if (!page_same(row->model_a, row->model_b))
        html_put(&page->html, " <bdi>%s</bdi>", model);
    if (page->many_backends || !page_same(row->backend_a, row->backend_b))
        html_put(&page->html, " <span class=\"muted\">by <bdi>%s</bdi></span>", backend);
    html_markup(&page->html, "</th>");
}

static void put_answer(struct page *page, const struct report_disagreement *row, bool second)
{
    const char *label = second ? row->label_b : row->label_a;
    const char *wnid = second ? row->wnid_b : row->wnid_a;

    html_markup(&page->html, "<tr>");
    put_who(page, row, second);
    html_put(&page->html, "<td><bdi>%s</bdi>", label);
    if (wnid && *wnid)
        html_put(&page->html, " <span class=\"wnid\">%s</span>", wnid);
    html_put(&page->html, "</td><td class=\"number\">%s</td></tr>\n",
             number_fixed(second ? row->probability_b : row->probability_a, 3).text);
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

static void put_card(struct page *page, const struct report_disagreement *row, size_t number,
                     size_t *room)
{
    struct html *html = &page->html;
    html_markup(html, "<li class=\"card\">\n");
    put_picture(page, row, room);
    html_markup(html, "<p class=\"url small\">");
    html_url(html, row->url);
    html_markup(html, "</p>\n");
    put_expected(html, row);
    html_put(html, "<table><caption>%zu. ", number);
    if (page_same(row->model_a, row->model_b))
        html_put(html, "<bdi>%s</bdi>: ", row->model_a);
    html_put(html,
             "%s</caption>\n<thead class=\"visually-hidden\"><tr><th scope=\"col\">Who</th><th "
             "scope=\"col\">Answer</th><th scope=\"col\">Probability</th></tr></thead>\n<tbody>\n",
             row->same_first ? "the same class, another probability" : "two classes");
    put_answer(page, row, false);
    put_answer(page, row, true);
    html_markup(html, "</tbody></table>\n</li>\n");
}

void page_gallery(struct page *page)
{
    const struct report *report = page->report;
    size_t room = HTML_THUMBNAILS;

    page_section(page, "disagreements", "Where the answers differ most");
    if (!report->disagreement_count) {
        html_put(&page->html, "<p class=\"notice\">%s</p>\n",
                 report->pair_count ? "No two answers about the same bytes differ."
                                    : "Nothing to compare, so nothing differs.");
    } else {
        html_put(
            &page->html,
            "<p>The %zu most telling ones: answers about identical bytes that name another class "
            "or are far apart in probability.</p>\n<ol class=\"gallery\">\n",
            report->disagreement_count);
        for (size_t i = 0; i < report->disagreement_count; i++)
            put_card(page, &report->disagreements[i], i + 1, &room);
        html_markup(&page->html, "</ol>\n");
    }
    page_section_end(page);
}
