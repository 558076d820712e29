#!/usr/bin/env bash
# Builds the images and runs the Compose file as the README says, and scales it.
set -euo pipefail
source .ci/steps.sh
debian curl jq
if ! command -v docker >/dev/null || ! timeout 20 docker info >/dev/null 2>&1; then
  echo 'SKIPPED: no Docker engine answers here'
  exit 0
fi
docker compose version >/dev/null 2>&1 || {
  [[ -x ../shared/tools/compose-v2.sh ]] || fail 'Docker Compose v2 is missing'
  ../shared/tools/compose-v2.sh
}
# Where no registry can be reached, stand-ins for the two base images, if there is a script that makes them.
if ! timeout 60 docker pull --quiet gcr.io/distroless/cc-debian12:nonroot >/dev/null 2>&1; then
  [[ -x ../shared/tools/base-images.sh ]] || fail 'the base images can be neither pulled nor made'
  ../shared/tools/base-images.sh . || fail 'the stand-ins for the base images could not be made'
fi

export NUTGRAF_PORT=57080 COMPOSE_PROJECT_NAME=nutgraf-ci DOCKER_BUILDKIT=1
trap 'docker compose logs --tail 30 >&2 || true; docker compose down --volumes --timeout 15 >/dev/null 2>&1' EXIT
docker compose build
docker compose up --detach --wait --wait-timeout 120
address=http://127.0.0.1:$NUTGRAF_PORT
get() { curl --silent --show-error --fail --max-time 20 "$@"; }

url=$(get "$address/api/v1/articles/random?seed=3" | jq -r .url)
summarize() { jq -n --arg url "$url" '{url: $url}' | get --json @- "$address/api/v1/summaries"; }
summarize | jq -e '.summary.sentences | length >= 2' >/dev/null || fail 'no summary from one replica'

docker compose up --detach --wait --wait-timeout 120 --no-recreate --scale summarizer-svc=3
[[ $(docker compose ps --format json summarizer-svc | jq -s 'map(select(.Health == "healthy")) | length') == 3 ]] || fail 'no three healthy replicas'
for _ in $(seq 20); do
  summarize | jq -e '.summary.replica | length > 0' >/dev/null || fail 'no summary from three replicas'
done

published=$(docker compose ps --format json | jq -r '.Publishers[]? | select(.PublishedPort > 0) | "\(.URL):\(.PublishedPort)"' | sort -u)
[[ $published == "127.0.0.1:$NUTGRAF_PORT" ]] || fail "published: $published"
for container in $(docker compose ps --quiet); do
  docker inspect "$container" | jq -e '.[0] | .HostConfig.ReadonlyRootfs and (.HostConfig.CapDrop == ["ALL"]) and (.Config.User | IN("65532", "nonroot", "65532:65532"))' >/dev/null || fail "$container is not locked down"
done
# Nor has the gateway.
gateway_networks=$(docker inspect "$(docker compose ps --quiet gateway)" | jq -r '.[0].NetworkSettings.Networks | keys[]')
grep -q outside <<<"$gateway_networks" && fail 'the gateway is in the network with a way out'

# A language model in the locked-down container, with no way out: a small one of random weights.
docker compose --file docker-compose.yml --file docker-compose.models.yml config --quiet
docker compose --profile cache config --quiet
tiny=$(mktemp --directory)
cargo run --quiet --locked --package inference --features testing --example random_model inference/tests/fixtures/tokenizers/bart "$tiny"
chmod -R a+rX "$tiny"
writer=$(docker run --detach --network none --read-only --cap-drop ALL --volume "$tiny:/models/tiny:ro" --env NUTGRAF_MODEL=/models/tiny nutgraf/summarizer-svc)
for _ in $(seq 60); do
  [[ $(docker logs "$writer" 2>&1) == *'the model is ready'* ]] && break
  sleep 1
done
[[ $(docker logs "$writer" 2>&1) == *'the model is ready'* ]] || { docker logs "$writer" >&2; fail 'the model was not loaded in its container'; }
docker rm --force "$writer" >/dev/null

began=$SECONDS
docker compose stop --timeout 15
((SECONDS - began < 30)) || fail 'stopping took too long'
for container in $(docker compose ps --all --quiet); do
  [[ $(docker inspect --format '{{.State.ExitCode}}' "$container") == 0 ]] || fail "$container did not end by itself"
done
trap 'docker compose down --volumes --timeout 15 >/dev/null 2>&1' EXIT
echo 'Compose is content'
