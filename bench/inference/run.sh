#!/bin/sh
# Compares Nutgraf's inference with its peers: installs them, makes models, builds, and prints the tables.
#
# usage: bench/inference/run.sh [--work DIR] [--venv DIR] [--models NAME,…] [--rounds N] [--threads N,…] [--sides NAME,…]
#                               [--tasks NAME,…] [--warm N] [--clock wall|cpu] [--price EUROS] [--requests N]
#
# Peers and models go to DIR, by default nutgraf-bench in the user's cache folder, and stay there (some 16 GB). NAME is one
# of those that inference/tests/reference/families.py makes, by default t5-small and distilbart-12-6. Without --tasks each
# model has its own. The price is that of a machine of four cores, an hour. --tasks throughput runs that alone.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=${XDG_CACHE_HOME:-$HOME/.cache}/nutgraf-bench
venv='' models=t5-small,distilbart-12-6 rounds=5 threads=1,2 sides='' tasks='' warm=0 clock=wall price=0.10 requests=96
while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || { sed -n '4,5p' "$0" >&2; exit 64; }
    case $1 in
        --work) work=$2 ;;
        --venv) venv=$2 ;;
        --models) models=$2 ;;
        --rounds) rounds=$2 ;;
        --threads) threads=$2 ;;
        --sides) sides=$2 ;;
        --tasks) tasks=$2 ;;
        --warm) warm=$2 ;;
        --clock) clock=$2 ;;
        --requests) requests=$2 ;;
        --price) price=$2 ;;
        *) sed -n '4,5p' "$0" >&2; exit 64 ;;
    esac
    shift 2
done
venv=${venv:-$work/venv}
python=$venv/bin/python

mkdir -p "$work"
[ -x "$python" ] || python3 -m venv "$venv"
"$python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
(cd "$here/peers" && cargo build --release --quiet)

# The tasks of a model, unless others are asked for.
tasks_of() {
    case $1 in
        distilbart*) echo 'greedy 128,beam 4 × 64,1024 to 64' ;;
        *) echo 'first token,greedy 64,greedy 128,beam 4 × 64,batch 8 × 64,batch 16 × 64' ;;
    esac
}

for model in $(echo "$models" | tr , ' '); do
    folder=$work/models/$model
    [ -f "$folder/config.json" ] || "$python" "$here/../../inference/tests/reference/families.py" "$model" "$folder"
    [ "$tasks" = throughput ] || "$python" "$here/compare.py" --rounds "$rounds" --threads "$threads" --warm "$warm" --clock "$clock" \
        --tasks "${tasks:-$(tasks_of "$model")}" ${sides:+--sides "$sides"} "$folder"
    case ${tasks:-throughput},$model in
        throughput,t5*)
            "$python" "$here/throughput.py" --threads "${threads##*,}" --price "$price" \
                --requests "$requests" ${sides:+--sides "$sides"} "$folder" ;;
    esac
done
