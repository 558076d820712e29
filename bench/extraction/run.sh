#!/bin/sh
# Extracts the pages of a folder with `nutgraf extract` and scores them.
#
# usage: bench/extraction/run.sh [--perturbed] FOLDER [NUTGRAF]
#
# FOLDER holds truth.jsonl and pages/ID.html or pages/ID.html.gz. NUTGRAF is the binary to run, by default the one that
# `cargo build --release` makes. With --perturbed the pages are also scored without the hints that perturb.py removes.
set -eu

perturbed=
[ "${1:-}" != --perturbed ] || { perturbed=yes; shift; }
[ $# -ge 1 ] && [ $# -le 2 ] || { sed -n '4p' "$0" >&2; exit 64; }
here=$(cd "$(dirname "$0")" && pwd)
folder=$1
nutgraf=${2:-$here/../../target/release/nutgraf}
command -v "$nutgraf" > /dev/null || { echo "$nutgraf is not there: build it with cargo build --release" >&2; exit 69; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

# A page that holds no article makes `nutgraf extract` exit with an error; it is scored as lost.
extract() {
    find "$1" -name '*.html' -o -name '*.html.gz' | sort | xargs "$nutgraf" extract --json > "$2" || true
}

extract "$folder/pages" "$work/extracted"
python3 "$here/score.py" "$folder/truth.jsonl" "$work/extracted"
if grep -q '"published"' "$folder/truth.jsonl"; then
    python3 "$here/score_metadata.py" "$folder/truth.jsonl" "$work/extracted"
fi
[ -n "$perturbed" ] || exit 0
for kind in names json-ld semantic all; do
    python3 "$here/perturb.py" "$kind" "$folder/pages" "$work/$kind"
    extract "$work/$kind" "$work/extracted"
    echo "without $kind: $(python3 "$here/score.py" "$folder/truth.jsonl" "$work/extracted" 0)"
done
