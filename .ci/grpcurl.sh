#!/usr/bin/env bash
# A client that we did not write against reflection, health and both services.
set -euo pipefail
source .ci/steps.sh
debian jq
grpcurl=$(cargo_tool grpcurl-rs 0.2.1 grpcurl)
cargo build --release --locked -p scraper-svc -p summarizer-svc
out=$(mktemp -d)
trap 'kill "${scraper:-}" "${summarizer:-}" 2>/dev/null || true; rm -rf "$out"' EXIT
NUTGRAF_LISTEN=127.0.0.1:57051 NUTGRAF_NEWSROOM=127.0.0.1:57090 target/release/scraper-svc 2>"$out/scraper.log" &
scraper=$!
NUTGRAF_LISTEN=127.0.0.1:57052 target/release/summarizer-svc 2>"$out/summarizer.log" &
summarizer=$!

serving() { # BINARY PORT
  for _ in $(seq 100); do
    NUTGRAF_LISTEN=127.0.0.1:$2 "target/release/$1" health --timeout 1s && return 0
    sleep 0.1
  done
  cat "$out"/*.log
  fail "$1 is not serving"
}
serving scraper-svc 57051
serving summarizer-svc 57052

call() { timeout 20 "$grpcurl" -plaintext "$@"; }
call 127.0.0.1:57051 list | tee "$out/list"
for service in nutgraf.scraper.v1.ScraperService grpc.health.v1.Health; do
  grep -q "$service" "$out/list" || fail "reflection does not list $service"
done
call 127.0.0.1:57051 describe nutgraf.scraper.v1.ScraperService >"$out/described"
grep -q GetRandomArticle "$out/described" || fail describe
for port in 57051 57052; do
  call -d '{}' 127.0.0.1:$port grpc.health.v1.Health/Check | jq -e '.status == "SERVING"' || fail "health of $port"
done
call -d '{}' 127.0.0.1:57051 nutgraf.scraper.v1.ScraperService/ListSources | jq -e '.sources | length >= 10' || fail ListSources
call -d '{"seed": 7}' 127.0.0.1:57051 nutgraf.scraper.v1.ScraperService/GetRandomArticle >"$out/article.json"
jq -e '.article.paragraphs | length > 4' "$out/article.json" || fail GetRandomArticle
jq '{input: {title: .article.title, length: "LENGTH_SHORT", paragraphs: {paragraphs: [.article.paragraphs[] | {text, kind}]}}}' "$out/article.json" >"$out/input.json"
call -d @ 127.0.0.1:57052 nutgraf.summarizer.v1.SummarizerService/Summarize <"$out/input.json" | jq -e '.summary.sentences | length == 2' || fail Summarize
call -d @ 127.0.0.1:57052 nutgraf.summarizer.v1.SummarizerService/StreamSummary <"$out/input.json" | jq -s -e '(first | has("accepted")) and (last | has("done"))' || fail StreamSummary
if call -d '{"url": "http://169.254.169.254/latest/meta-data/"}' 127.0.0.1:57051 nutgraf.scraper.v1.ScraperService/GetArticle >"$out/refused" 2>&1; then
  fail 'a private address was fetched'
fi
grep -qi 'PermissionDenied\|PERMISSION_DENIED' "$out/refused" || { cat "$out/refused"; fail 'the wrong refusal'; }
echo 'grpcurl is content'
