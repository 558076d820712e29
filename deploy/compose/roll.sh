#!/usr/bin/env bash
# Replaces the containers of a service by new ones without a failed request: the new ones come first, then the old ones
# end what they have begun and go. For a new image build or pull it before; for several files set COMPOSE_FILE.
# usage: deploy/compose/roll.sh SERVICE…
set -euo pipefail
(($#)) || { sed -n '4p' "$0" >&2; exit 2; }

for service in "$@"; do
  mapfile -t old < <(docker compose ps --quiet "$service")
  count=${#old[@]}
  ((count)) || { echo "$service does not run" >&2; exit 1; }
  if [[ -n $(docker inspect --format '{{range .HostConfig.PortBindings}}x{{end}}' "${old[0]}") ]]; then
    echo "$service has a port of this machine, which two containers can't have: use docker-compose.front.yml" >&2
    exit 1
  fi
  docker compose up --detach --no-deps --no-recreate --wait --wait-timeout 120 --scale "$service=$((2 * count))" "$service"
  docker stop --time 15 "${old[@]}" >/dev/null
  docker rm "${old[@]}" >/dev/null
  docker compose up --detach --no-deps --no-recreate --scale "$service=$count" "$service"
  echo "$service: $count new"
done
