#!/usr/bin/env bash
# ARM, where this machine isn't one: everything is compiled for it, and the arithmetic's tests run under emulation of three
# processors: without the dot product, with it, and with matrices.
set -euo pipefail
cd "$(dirname "$0")/.."
source .ci/steps.sh

target=aarch64-unknown-linux-gnu
features=inference/testing,model-hub/testing,service-kit/testing

debian_compiler() { # prints the path of Debian's compiler, which has the standard library for ARM beside it
  local root=$PWD/target/ci-tools/rustc-web packages=(libllvm22 libstd-rust-web-dev rustc-web) list
  local arm=(-o "Dir::State=$root/state" -o "Dir::Cache=$root/cache" -o APT::Architecture=arm64 -o APT::Architectures=arm64)
  mkdir -p "$root"/{state/lists,cache/archives}/partial
  apt-get update -qq >&2 && apt-get update -qq "${arm[@]}" >&2
  list=$(apt-cache depends libstd-rust-web-dev | sed -n 's/^ *Depends: //p')
  (
    cd "$root"
    apt-get download -qq "${packages[@]}" $list >&2
    apt-get download -qq "${arm[@]}" libstd-rust-web-dev >&2
    for package in *.deb; do dpkg-deb --extract "$package" . && rm "$package"; done
    printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s "$@"\n' "$root/usr/lib/$(uname -m)-linux-gnu" "$root/usr/bin/rustc" >rustc
    chmod +x rustc
  )
  echo "$root/rustc"
}

on() { # PROCESSOR: the arithmetic's tests, whose loops would take minutes if they weren't optimized
  CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64-static -L /usr/aarch64-linux-gnu -cpu $1" \
    CARGO_PROFILE_TEST_OPT_LEVEL=1 PROPTEST_CASES=64 \
    cargo test -p kernels --lib --locked --target "$target" --quiet
}

if [[ $(rustc -vV) == *"host: $target"* ]]; then
  echo 'the tests have run on ARM itself'
  exit
fi
debian gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
if timeout 300 rustup target add "$target"; then
  cargo clippy --workspace --all-targets --features "$features" --locked --target "$target" -- -D warnings
else
  echo "rustup can't give the standard library, so it is compiled with Debian's compiler, and without clippy"
  RUSTC=$(debian_compiler)
  export RUSTC
  RUSTFLAGS='-D warnings' cargo check --workspace --all-targets --features "$features" --locked --target "$target"
fi
for processor in cortex-a72 neoverse-n1 max; do
  step "the arithmetic on $processor" on "$processor"
done
