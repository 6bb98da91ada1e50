#include "tests/lib/folder.h"

#include <ftw.h>
#include <stdio.h>

enum { OPEN_AT_ONCE = 8 };

static int remove_one(const char *path, const struct stat *found, int type, struct FTW *where)
{
    (void)found;
    (void)type;
    return where->level > 0 ? remove(path) : 0;
}

int folder_empty(const char *path)
{
    return nftw(path, remove_one, OPEN_AT_ONCE, FTW_DEPTH | FTW_PHYS);
}
