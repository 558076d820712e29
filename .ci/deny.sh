#!/usr/bin/env bash
# Licences, banned crates and sources; advisories too, where their database can be fetched.
set -euo pipefail
source .ci/steps.sh
deny=$(cargo_tool cargo-deny 0.20.2 cargo-deny)
"$deny" --locked check bans licenses sources
if timeout 60 "$deny" --locked fetch db >/dev/null 2>&1; then
  "$deny" --locked check advisories
else
  echo 'SKIPPED: advisories; their database (github.com/rustsec/advisory-db) is out of reach from here'
fi
