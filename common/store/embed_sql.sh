#!/bin/sh
# embed_sql.sh DIRECTORY: prints the C file with every .sql file of DIRECTORY/{migrations,statements,
# views} as a string constant, in the tables that common/store/sql.h declares. Lines that are
# nothing but a comment are left out.
set -eu
directory=$1

# table FOLDER: one array, in the order of the file names.
table() {
    printf '\nconst struct sql_text sql_%s[] = {\n' "$1"
    for file in "$directory/$1"/*.sql; do
        [ -f "$file" ] || continue
        name=${file##*/}
        printf '    {"%s",' "${name%.sql}"
        awk '/^[ \t]*--/ { next }
             { gsub(/\\/, "\\\\"); gsub(/"/, "\\\""); printf "\n     \"%s\\n\"", $0; any = 1 }
             END { print any ? "}," : "\"\"}," }' "$file"
    done
    printf '    {0, 0},\n};\n'
    printf 'const size_t sql_%s_count = sizeof sql_%s / sizeof sql_%s[0] - 1;\n' "$1" "$1" "$1"
}

printf '/* Made from the .sql files by common/store/embed_sql.sh. */\n'
printf '#include "common/store/sql.h"\n'
table migrations
table statements
table views
