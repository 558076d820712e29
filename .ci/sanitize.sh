#!/usr/bin/env bash
# The arithmetic's tests under AddressSanitizer: its intrinsics and its threads read and write by pointers. The stable
# compiler has the sanitizer too, behind RUSTC_BOOTSTRAP; nothing that is shipped is built so.
set -euo pipefail
cd "$(dirname "$0")/.."
host=$(rustc -vV | sed -n 's/^host: //p')
RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address \
    cargo test -p kernels --lib --locked --target "$host" --target-dir target/sanitized
