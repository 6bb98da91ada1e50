#!/bin/sh
# The whole job on the embedded default: draws pictures, serves them together with what the real web
# does, enqueues the list, works through it, and prints what came out. `make demo` runs it; BUILD
# names the build folder. Everything lands in a fresh folder that stays, so that it can be queried.
set -eu
cd "$(dirname "$0")/.."
root=$(pwd)
build=${BUILD:-build}
case $build in /*) ;; *) build=$root/$build ;; esac

SEED=2017 # never trained on
COUNT=40  # pictures a class, ten classes

folder=$(mktemp -d "${TMPDIR:-/tmp}/carmlbench-demo.XXXXXX")
server='' daemon='' watch=''

stop() {
    for process in $watch $daemon $server; do
        kill "$process" 2>/dev/null || true
    done
    wait
}
trap stop EXIT
trap 'exit 130' INT TERM HUP

say() {
    printf '\n== %s\n' "$*"
}

fail() {
    echo "demo: $1; see $folder" >&2
    exit 70
}

# line SYNSET NUMBER PATH: one line of the list in ImageNet's form
line() {
    printf '%s_%s\thttp://127.0.0.1:%s/%s\n' "$1" "$2" "$port" "$3"
}

# each COUNT SYNSET PATH: COUNT lines, @ in the path becoming 001, 002, ...
each() {
    number=1
    while [ "$number" -le "$1" ]; do
        padded=$(printf %03d "$number")
        line "$2" "9$padded" "$(echo "$3" | sed "s/@/$padded/")"
        number=$((number + 1))
    done
}

say "Drawing $((COUNT * 10)) pictures of ten kinds of shapes"
mkdir "$folder/pictures"
"$build/demo/draw" --seed $SEED --count $COUNT "$folder/pictures" >"$folder/pictures.tsv"
"$build/demo/draw" --placeholder "$folder/photo-gone.jpg"
for number in 001 002 003; do
    "$build/demo/draw" --seed $SEED --first "1$number" --png "$folder/pictures/circle_$number.png"
done
echo "$folder/pictures"

say "Serving them on the loopback interface"
"$build/tests/lib/webserver" --root "$folder/pictures" --placeholder "$folder/photo-gone.jpg" \
    --port-file "$folder/port" >"$folder/webserver.log" 2>&1 &
server=$!
tries=0
until [ -s "$folder/port" ]; do
    kill -0 "$server" 2>/dev/null || fail "the web server did not start"
    [ $((tries += 1)) -le 200 ] || fail "the web server is not ready after 10 seconds"
    sleep 0.05
done
port=$(cat "$folder/port")
echo "http://127.0.0.1:$port/"

{
    echo "# ImageNet's form: synset id and number, a tab, the URL"
    sed "s|\t|\thttp://127.0.0.1:$port/ok/|" "$folder/pictures.tsv"
    each 5 n90000002 "404/square_@.jpg"            # a 404 whose body is the picture
    each 5 n90000003 "404/deleted_@.jpg"           # a 404 with a web page
    each 5 n90000004 "html/star_@.jpg"             # 200, but a web page
    each 5 n90000005 "truncated/cross_@.jpg"       # the file ends early
    each 5 n90000006 "redirect/ring_@.jpg"         # moved
    each 20 n90000007 "placeholder/hexagon_@.jpg"  # "this photo is gone", with status 200
    each 3 n90000001 "png/circle_@.png"            # another format
    each 3 n90000008 "503-then-ok/1/crescent_@.jpg" # in trouble, well again when asked later
    each 2 n90000009 "cut/heart_@.jpg"             # the connection breaks
    each 1 n90000010 "stall/arrow_@.jpg"           # never answers
    each 1 n90000010 "empty/arrow_@.jpg"           # 200 without a body
    echo "http://169.254.169.254/latest/meta-data/" # an address no picture comes from
    line n90000001 001 ok/circle_001.jpg            # a duplicate
    echo "not a URL"
} >"$folder/urls.txt"

cat >"$folder/carmlbench.yml" <<END
database: "$folder/demo.db"
models:
  path: ["$root/config/models"]
fetch:
  allow_addresses: [127.0.0.1/32]
  ports: ["$port"]
  timeout: 3s
retry:
  tries: 2
  base: 200ms
  cap: 1s
END

carmlbench() {
    "$build/bin/carmlbench" --config "$folder/carmlbench.yml" "$@"
}

say "carmlbench convert shapes --to tensorflow -o shapes-tf: the Caffe model for TensorFlow, with a proof"
carmlbench convert shapes --to tensorflow -o "$folder/shapes-tf"
carmlbench model add "$folder/shapes-tf.yml"

say "carmlbench enqueue urls.txt --model shapes --framework Caffe --framework TensorFlow"
carmlbench enqueue "$folder/urls.txt" --model shapes --framework Caffe --framework TensorFlow

say "carmlbenchd --once"
"$build/bin/carmlbenchd" --config "$folder/carmlbench.yml" --once 2>"$folder/carmlbenchd.log" &
daemon=$!
"$build/bin/carmlbench" --config "$folder/carmlbench.yml" status --watch &
watch=$!
wait "$daemon" || { cat "$folder/carmlbenchd.log" >&2 && fail "carmlbenchd failed"; }
daemon=''
wait "$watch" || fail "carmlbench status --watch failed"
watch=''

say "carmlbench status"
carmlbench status

say "carmlbench report"
carmlbench report

say "carmlbench report --html report.html: the same as a page, to open in a browser"
carmlbench report --html "$folder/report.html"

say "carmlbench fsck"
carmlbench fsck

query="SELECT label1, count(*), round(avg(probability1), 3) FROM results
        WHERE NOT placeholder AND framework = 'TensorFlow' GROUP BY label1 ORDER BY 2 DESC"
pairs="SELECT framework_a, framework_b, images, both, only_a, only_b, neither, p_value,
        max_abs_probability_difference AS max_dp FROM comparison"
say "The database is yours to query"
cat <<END
$folder/demo.db

sqlite3 -box $folder/demo.db \\
    "SELECT url, label1, probability1 FROM results WHERE placeholder LIMIT 5"
sqlite3 -box $folder/demo.db \\
    "SELECT stage, reason, count(*), min(detail) FROM failures GROUP BY 1, 2"
sqlite3 -box $folder/demo.db \\
    "$query"
sqlite3 -box $folder/demo.db \\
    "$pairs"
END
if command -v sqlite3 >/dev/null 2>&1; then
    echo
    sqlite3 -box "$folder/demo.db" "$query"
    echo "Both frameworks saw the same bytes of each picture:"
    sqlite3 -box "$folder/demo.db" "$pairs"
fi
