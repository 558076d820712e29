#!/usr/bin/env bash
# What the README promises: one command, an address on standard output, an article and its summary there.
set -euo pipefail
source .ci/steps.sh
debian curl jq
cargo build --release --locked
out=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$out"' EXIT
NUTGRAF_LISTEN=127.0.0.1:0 cargo run --quiet --release --locked >"$out/stdout" 2>"$out/stderr" &
server=$!
address=$(wait_for_line "$out/stdout" "$server" 20) || { cat "$out/stderr"; fail 'no address came'; }
[[ $address =~ ^http://127\.0\.0\.1:[0-9]+/?$ ]] || fail "the line on standard output is no address: $address"
address=${address%/}
get() { curl --silent --show-error --fail --max-time 20 "$@"; }

# Not through a pipe: curl fails where grep has seen enough.
get "$address/" >"$out/page.html"
grep -q 'Get News' "$out/page.html" || fail 'the page has no Get News'
get "$address/api/v1/get/news" >"$out/news.json"
jq -e '(keys == ["content", "title"]) and (.content | length > 500)' "$out/news.json" >/dev/null || fail 'get/news'
jq '{content}' "$out/news.json" >"$out/body.json"
get --request GET --header 'content-type: application/json' --data "@$out/body.json" "$address/api/v1/get/summary" >"$out/summary.json"
jq -e '(keys == ["summary"]) and (.summary | length > 50)' "$out/summary.json" >/dev/null || fail 'get/summary'
url=$(get "$address/api/v1/articles/random?seed=1" | jq -r .url)
get --no-buffer --get --data-urlencode "url=$url" "$address/api/v1/summaries/stream" >"$out/events"
tail -n 5 "$out/events" | grep -q '^event: *done' || fail 'the stream has no done at its end'

kill -INT "$server"
wait "$server" || true
[[ $(wc -l <"$out/stdout") == 1 ]] || fail 'more than the address on standard output'
echo "$address answered"
