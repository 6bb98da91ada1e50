/* The forms that texts among the settings may have to take. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "common/setting.h"
#include "common/url.h"

static bool is_number(const char *text, unsigned long least, unsigned long most)
{
    size_t length = strlen(text);
    if (length < 1 || length > 5 || strspn(text, "0123456789") != length)
        return false;
    unsigned long value = strtoul(text, NULL, 10);
    return value >= least && value <= most;
}

static bool is_range(const char *text)
{
    char address[INET6_ADDRSTRLEN];
    unsigned char bytes[sizeof(struct in6_addr)];
    size_t length = strcspn(text, "/");
    if (length >= sizeof address)
        return false;
    memcpy(address, text, length);
    address[length] = '\0';
    bool six = strchr(address, ':');
    unsigned size = six ? 128 : 32;
    if (inet_pton(six ? AF_INET6 : AF_INET, address, bytes) != 1)
        return false;
    if (!text[length])
        return true;
    if (!is_number(text + length + 1, 0, size))
        return false;
    for (unsigned bit = (unsigned)strtoul(text + length + 1, NULL, 10); bit < size; bit++)
        if (bytes[bit / 8] & (0x80u >> bit % 8))
            return false;
    return true;
}

static bool is_web(const char *text)
{
    char url[URL_MAX];
    return !*text || url_normalize(text, strlen(text), url, NULL) == STATUS_OK;
}

bool setting_form_fits(enum setting_form form, const char *text)
{
    switch (form) {
    case SETTING_FORM_PATH:
        return *text != '\0';
    case SETTING_FORM_WEB:
        return is_web(text);
    case SETTING_FORM_RANGE:
        return is_range(text);
    case SETTING_FORM_PORT:
        return strcmp(text, "*") == 0 || is_number(text, 1, 65535);
    case SETTING_FORM_SHA256:
        return strlen(text) == 64 && strspn(text, "0123456789abcdefABCDEF") == 64;
    case SETTING_FORM_ANY:
        break;
    }
    return true;
}
