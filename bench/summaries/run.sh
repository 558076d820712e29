#!/usr/bin/env bash
# Summarizes a set of articles ({"id", "article"} a line, .gz) with the extractive engine, and says how fast.
# usage: run.sh ARTICLES.jsonl.gz OUT.jsonl [--all]      then score OUT against the set's own summaries
set -euo pipefail
articles=$(realpath "$1") out=$(realpath "$2")
cd "$(dirname "$0")/../.."
cargo build --quiet --release -p summarizer-svc --example summarize
zcat "$articles" | target/release/examples/summarize "${@:3}" >"$out"
