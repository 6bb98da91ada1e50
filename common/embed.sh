#!/bin/sh
# embed.sh HEADER {TABLE FILE...} [-- TABLE FILE...]...: prints a C file with each FILE as a string
# constant, in arrays that HEADER declares (see common/text_file.h), in the order of the arguments.
# Lines of .sql files that are nothing but a comment are left out.
set -eu

printf '/* Made by common/embed.sh. */\n#include "%s"\n' "$1"
shift

# entry FILE: one element of an array. A file that is not there is a pattern that matched nothing.
entry() {
    [ -f "$1" ] || return 0
    name=${1##*/}
    printf '    {"%s",' "${name%.sql}"
    awk -v sql="${name##*.}" '
        sql == "sql" && /^[ \t]*--/ { next }
        { gsub(/\\/, "\\\\"); gsub(/"/, "\\\""); printf "\n     \"%s\\n\"", $0; any = 1 }
        END { print any ? "}," : "\"\"}," }' "$1"
}

while [ $# -gt 0 ]; do
    table=$1
    shift
    printf '\nconst struct text_file %s[] = {\n' "$table"
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        entry "$1"
        shift
    done
    printf '    {0, 0},\n};\n'
    printf 'const size_t %s_count = sizeof %s / sizeof %s[0] - 1;\n' "$table" "$table" "$table"
    [ $# -eq 0 ] || shift
done
