#include "common/page/page.h"

const char *page_style(void)
{
    return page_files[0].text;
}
