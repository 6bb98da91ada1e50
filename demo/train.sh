#!/bin/sh
# Reproduces config/models/shapes.prototxt and shapes.caffemodel: draws the training pictures, trains,
# and compares the SHA-256 with the committed files. About five minutes on one core.
#
#   demo/train.sh           exit 0 when both files come out as committed, else 1
#   demo/train.sh --accept  replaces the committed files and their checksums in the manifest
set -eu
cd "$(dirname "$0")/.."

BUILD=${BUILD:-build}
TRAINING_SEED=1 TRAINING_COUNT=1000 # pictures a class
CHECK_SEED=2 CHECK_COUNT=100
MODELS=config/models
accept=no
case "$#:${1:-}" in
0:) ;;
1:--accept) accept=yes ;;
*)
    echo "usage: demo/train.sh [--accept]" >&2
    exit 2
    ;;
esac

make --no-print-directory BUILD="$BUILD" "$BUILD/demo/draw" "$BUILD/demo/train"
folder=$(mktemp -d "${TMPDIR:-/tmp}/carmlbench-train.XXXXXX")
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
mkdir "$folder/training" "$folder/check" "$folder/model"

echo "drawing $TRAINING_COUNT + $CHECK_COUNT pictures of each class"
"$BUILD/demo/draw" --seed $TRAINING_SEED --count $TRAINING_COUNT "$folder/training" \
    >"$folder/training/pictures.tsv"
"$BUILD/demo/draw" --seed $CHECK_SEED --count $CHECK_COUNT "$folder/check" \
    >"$folder/check/pictures.tsv"
"$BUILD/demo/train" $MODELS/shapes.yml "$folder/training" "$folder/check" "$folder/model"

if [ $accept = yes ]; then
    cp "$folder/model/shapes.prototxt" "$folder/model/shapes.caffemodel" $MODELS/
    md5() { md5sum "$1" | cut -d' ' -f1; }
    sed -i -e "s/^\( *graph_checksum:\).*/\1 $(md5 $MODELS/shapes.prototxt)/" \
        -e "s/^\( *weights_checksum:\).*/\1 $(md5 $MODELS/shapes.caffemodel)/" \
        -e "s/^\( *features_checksum:\).*/\1 $(md5 config/labels/shapes.txt)/" $MODELS/shapes.yml
fi

status=0
for file in shapes.prototxt shapes.caffemodel; do
    made=$(sha256sum <"$folder/model/$file" | cut -d' ' -f1)
    committed=$(sha256sum <"$MODELS/$file" | cut -d' ' -f1)
    if [ "$made" = "$committed" ]; then
        echo "$file: as committed, sha256 $made"
    else
        echo "$file: DIFFERS, made sha256 $made, committed $committed"
        status=1
    fi
done
exit $status
