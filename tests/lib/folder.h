/* folder: temporary folders of tests. */
#ifndef TESTS_LIB_FOLDER_H
#define TESTS_LIB_FOLDER_H

/* Removes all that is in the folder, links unfollowed, and leaves it. 0, or -1 with errno. */
int folder_empty(const char *path);

#endif
