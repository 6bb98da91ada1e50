/* page: what every HTML page of carmlbench looks like: the live page of the daemon and the report.
 *
 * The style sheet is common/page/style.css, embedded at build. It needs nothing from elsewhere (no
 * font, picture or script), so a page that carries it stays one file. Its first comment says which
 * elements and classes there are.
 */
#ifndef COMMON_PAGE_PAGE_H
#define COMMON_PAGE_PAGE_H

#include "common/text_file.h"

/* The files of common/page. */
extern const struct text_file page_files[];
extern const size_t page_files_count;

/* The text of the style sheet, UTF-8, to stand between <style> and </style>, which it does not
 * contain. A constant. */
const char *page_style(void);

#endif
