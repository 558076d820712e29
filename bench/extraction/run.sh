#!/bin/sh
# Extracts the pages of a folder with `nutgraf extract` and scores them.
#
# usage: bench/extraction/run.sh FOLDER [NUTGRAF]
#
# FOLDER holds truth.jsonl and pages/ID.html or pages/ID.html.gz. NUTGRAF is the binary to run, by default the one that
# `cargo build --release` makes.
set -eu

[ $# -ge 1 ] && [ $# -le 2 ] || { sed -n '4p' "$0" >&2; exit 64; }
here=$(cd "$(dirname "$0")" && pwd)
folder=$1
nutgraf=${2:-$here/../../target/release/nutgraf}
command -v "$nutgraf" > /dev/null || { echo "$nutgraf is not there: build it with cargo build --release" >&2; exit 69; }
extracted=$(mktemp)
trap 'rm -f "$extracted"' EXIT INT TERM

# A page that holds no article makes `nutgraf extract` exit with an error; it is scored as lost.
find "$folder/pages" -name '*.html' -o -name '*.html.gz' | sort | xargs "$nutgraf" extract --json > "$extracted" || true
python3 "$here/score.py" "$folder/truth.jsonl" "$extracted"
if grep -q '"published"' "$folder/truth.jsonl"; then
    python3 "$here/score_metadata.py" "$folder/truth.jsonl" "$extracted"
fi
