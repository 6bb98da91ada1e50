/* What a file is, by its first bytes. HTML tags: WHATWG MIME Sniffing Standard, section 7.1. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/image/image.h"

/* How far into an XML text its first element is looked for. */
enum { MARKUP_WINDOW = 4096 };

struct magic {
    enum image_kind kind;
    size_t offset;
    const char *bytes;
    size_t size;
};

static const struct magic magics[] = {
    /* CarML's agents ask for no more than these two bytes. */
    {IMAGE_JPEG, 0, "\xff\xd8", 2}, {IMAGE_PNG, 0, "\x89PNG\r\n\x1a\n", 8},
    {IMAGE_GIF, 0, "GIF87a", 6},    {IMAGE_GIF, 0, "GIF89a", 6},
    {IMAGE_TIFF, 0, "II*\0", 4},    {IMAGE_TIFF, 0, "MM\0*", 4},
    {IMAGE_HEIF, 4, "ftypheic", 8}, {IMAGE_HEIF, 4, "ftypheix", 8},
    {IMAGE_HEIF, 4, "ftyphevc", 8}, {IMAGE_HEIF, 4, "ftypmif1", 8},
    {IMAGE_HEIF, 4, "ftypmsf1", 8}, {IMAGE_HEIF, 4, "ftypavif", 8},
    {IMAGE_HEIF, 4, "ftypavis", 8},
};

static bool matches(const char *bytes, size_t size, size_t offset, const char *magic, size_t length)
{
    return size >= offset && size - offset >= length && memcmp(bytes + offset, magic, length) == 0;
}

/* BMP's two letters alone would match much text: its reserved field must be zero, too. */
static bool is_bmp(const char *bytes, size_t size)
{
    return matches(bytes, size, 0, "BM", 2) && matches(bytes, size, 6, "\0\0\0\0", 4) && size >= 14;
}

static bool is_webp(const char *bytes, size_t size)
{
    return matches(bytes, size, 0, "RIFF", 4) && matches(bytes, size, 8, "WEBP", 4);
}

static bool starts_with(const char *text, size_t size, const char *word)
{
    size_t length = strlen(word);
    return size >= length && strncasecmp(text, word, length) == 0;
}

/* A tag counts when a blank or '>' follows, so that "<bear" is not "<b". */
static bool starts_with_tag(const char *text, size_t size, const char *tag)
{
    size_t length = strlen(tag);
    if (!starts_with(text, size, tag) || size == length)
        return false;
    return text[length] == '>' || isspace((unsigned char)text[length]);
}

static bool contains(const char *text, size_t size, const char *word)
{
    size_t window = size < MARKUP_WINDOW ? size : MARKUP_WINDOW;
    for (size_t i = 0; i < window; i++)
        if (starts_with(text + i, window - i, word))
            return true;
    return false;
}

static enum image_kind sniff_markup(const char *text, size_t size)
{
    static const char *const tags[] = {
        "<!doctype html", "<html",   "<head",  "<script", "<iframe", "<h1",   "<div", "<font",
        "<table",         "<a",      "<style", "<title",  "<b",      "<body", "<br",  "<p",
        "<meta",          "<center",
    };
    if (matches(text, size, 0, "\xef\xbb\xbf", 3)) {
        text += 3;
        size -= 3;
    }
    while (size > 0 && isspace((unsigned char)*text)) {
        text++;
        size--;
    }
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++)
        if (starts_with_tag(text, size, tags[i]))
            return IMAGE_HTML;
    bool comment = starts_with(text, size, "<!--");
    if (starts_with_tag(text, size, "<svg") || starts_with_tag(text, size, "<!doctype svg"))
        return IMAGE_SVG;
    if (!comment && !starts_with(text, size, "<?xml"))
        return IMAGE_UNKNOWN;
    if (contains(text, size, "<svg"))
        return IMAGE_SVG;
    return comment || contains(text, size, "<html") ? IMAGE_HTML : IMAGE_UNKNOWN;
}

enum image_kind image_sniff(const void *data, size_t size)
{
    const char *bytes = data;
    if (size == 0)
        return IMAGE_EMPTY;
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++)
        if (matches(bytes, size, magics[i].offset, magics[i].bytes, magics[i].size))
            return magics[i].kind;
    if (is_bmp(bytes, size))
        return IMAGE_BMP;
    if (is_webp(bytes, size))
        return IMAGE_WEBP;
    return sniff_markup(bytes, size);
}

const char *image_kind_name(enum image_kind kind)
{
    static const char *const names[] = {
        [IMAGE_UNKNOWN] = "unknown", [IMAGE_EMPTY] = "empty", [IMAGE_JPEG] = "jpeg",
        [IMAGE_PNG] = "png",         [IMAGE_GIF] = "gif",     [IMAGE_BMP] = "bmp",
        [IMAGE_WEBP] = "webp",       [IMAGE_TIFF] = "tiff",   [IMAGE_HEIF] = "heif",
        [IMAGE_SVG] = "svg",         [IMAGE_HTML] = "html",
    };
    return (unsigned)kind < sizeof names / sizeof names[0] ? names[kind] : "unknown";
}
