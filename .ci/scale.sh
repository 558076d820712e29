#!/usr/bin/env bash
# Scales the Compose file up and down and replaces every service under load, through several gateways behind one port:
# not one request may fail.
set -euo pipefail
cd "$(dirname "$0")/.."
source .ci/steps.sh
debian curl jq
if ! command -v docker >/dev/null || ! timeout 20 docker info >/dev/null 2>&1; then
  echo 'SKIPPED: no Docker engine answers here'
  exit 0
fi
docker image inspect nutgraf/gateway >/dev/null || fail 'the images are not built: run .ci/compose.sh first'
# Where no registry can be reached, Debian's HAProxy stands in for the image.
if ! docker image inspect haproxy:3.2 >/dev/null 2>&1 && ! timeout 60 docker pull --quiet haproxy:3.2 >/dev/null 2>&1; then
  debian haproxy
  context=$(mktemp --directory)
  ldd /usr/sbin/haproxy | grep -o '/[^ ]*' | xargs cp --parents --dereference -t "$context" /usr/sbin/haproxy
  printf 'FROM debian:bookworm-slim\nCOPY . /\nUSER 65534\nCMD ["haproxy", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]\n' >"$context/Dockerfile"
  docker build --quiet --tag haproxy:3.2 "$context"
fi

export NUTGRAF_PORT=57081 COMPOSE_PROJECT_NAME=nutgraf-scale COMPOSE_FILE=docker-compose.yml:docker-compose.front.yml
load=
trap 'docker compose logs --tail 20 >&2 || true; [[ -z $load ]] || kill "$load" 2>/dev/null; docker compose down --volumes --timeout 15 >/dev/null 2>&1' EXIT
cargo build --quiet --locked --package nutgraf-bench
up() { docker compose up --detach --wait --wait-timeout 120 --no-recreate "$@" >/dev/null 2>&1; }
up --scale gateway=2
for _ in $(seq 50); do
  curl --silent --fail --max-time 5 "http://127.0.0.1:$NUTGRAF_PORT/readyz" >/dev/null && break
  sleep 0.2
done

target/debug/nutgraf-bench steady --strict --target "http://127.0.0.1:$NUTGRAF_PORT" --rate "${NUTGRAF_LOAD_RATE:-20}" --length "${NUTGRAF_LOAD_LENGTH:-120s}" &
load=$!
began=$SECONDS
say() { echo "$((SECONDS - began)) s: $*"; }
sleep 5
up --scale gateway=2 --scale summarizer-svc=3
say 'three summarizers'
sleep 10
up --scale gateway=2 --scale summarizer-svc=2
say 'two summarizers'
for service in summarizer-svc scraper-svc gateway; do
  deploy/compose/roll.sh "$service" >/dev/null 2>&1 || fail "$service could not be replaced"
  say "$service replaced"
done
kill -0 "$load" 2>/dev/null || fail 'the load ended before all was done'
wait "$load" || fail 'requests failed'
load=
trap 'docker compose down --volumes --timeout 15 >/dev/null 2>&1' EXIT
echo 'scaled and replaced without a failed request'
