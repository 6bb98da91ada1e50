/* The two texts made from the option table: the example file and the manual's list. */
#include <string.h>

#include "common/config.h"
#include "common/setting.h"

static size_t section_length(const char *key)
{
    const char *dot = strchr(key, '.');
    return dot ? (size_t)(dot - key) : 0;
}

static void write_comment(FILE *out, const char *indent, const char *text)
{
    fprintf(out, "%s# ", indent);
    for (; *text; text++) {
        if (*text == '\n')
            fprintf(out, "\n%s# ", indent);
        else
            fputc(*text, out);
    }
    fputc('\n', out);
}

/* Text that YAML would read as something else, or as nothing, is quoted. */
static void write_scalar(FILE *out, const struct setting *setting)
{
    if (setting->type == SETTING_TEXT || !*setting->initial)
        fprintf(out, "\"%s\"", setting->initial);
    else
        fputs(setting->initial, out);
}

static void write_initial(FILE *out, const struct setting *setting)
{
    if (setting->type != SETTING_LIST) {
        write_scalar(out, setting);
        return;
    }
    fputc('[', out);
    for (const char *c = setting->initial; *c; c++) {
        if (*c == ' ')
            fputs(", ", out);
        else
            fputc(*c, out);
    }
    fputc(']', out);
}

void config_write_example(FILE *out)
{
    size_t count, section = 0;
    const char *previous = "";
    const struct setting *rows = setting_table(&count);
    fputs("# carmlbench.yml: every option at its default. Remove the '#' in front of what you "
          "change.\n"
          "# Written by `carmlbenchd --print-config`; see carmlbench.yml(5).\n",
          out);
    for (size_t i = 0; i < count; i++) {
        char expected[256];
        const char *key = rows[i].key;
        size_t length = section_length(key);
        if (length && (length != section || strncmp(previous, key, length) != 0))
            fprintf(out, "\n%.*s:\n", (int)length, key);
        else
            fputc('\n', out);
        section = length;
        previous = key;
        const char *indent = length ? "  " : "";
        write_comment(out, indent, rows[i].help);
        setting_expectation(&rows[i], expected, sizeof expected);
        fprintf(out, "%s# Expects %s.\n", indent, expected);
        fprintf(out, "%s#%s: ", indent, key + (length ? length + 1 : 0));
        write_initial(out, &rows[i]);
        fputc('\n', out);
    }
}

/* scdoc(5): what formats is escaped, and a line of a definition begins with a tab. */
static void write_manual_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\n')
            fputs("\n\t", out);
        else if (strchr("*_\\`", *text))
            fprintf(out, "\\%c", *text);
        else
            fputc(*text, out);
    }
}

void config_write_manual(FILE *out)
{
    size_t count;
    const struct setting *rows = setting_table(&count);
    for (size_t i = 0; i < count; i++) {
        char expected[256];
        setting_expectation(&rows[i], expected, sizeof expected);
        fprintf(out, "*%s*: ", rows[i].key);
        write_initial(out, &rows[i]);
        fputs("\n\t", out);
        write_manual_text(out, rows[i].help);
        fputs(" Expects ", out);
        write_manual_text(out, expected);
        fputs(".\n\n", out);
    }
}
