#!/usr/bin/env bash
# ARM, where this machine isn't one: all of it is compiled without a warning, and the arithmetic's tests run under emulation of
# three processors: without the dot product, with it, and with 8-bit matrices.
set -euo pipefail
cd "$(dirname "$0")/.."
source .ci/steps.sh

target=aarch64-unknown-linux-gnu
[[ $(uname -m) != aarch64 ]] || { echo 'this is one: the tests have run on it' && exit 0; }
debian gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static

# The standard library for it is rustup's or, where that can't be reached, that of Debian's compiler, which comes along.
debian_compiler() {
  local root=$PWD/target/ci-tools/rustc-web
  local state=(-o "Dir::State=$root/state" -o "Dir::Cache=$root/cache")
  local arm=("${state[@]}" -o APT::Architecture=arm64 -o APT::Architectures=arm64)
  mkdir -p "$root"/{state/lists,cache/archives}/partial
  apt-get -qq "${arm[@]}" update
  local library
  library=$(apt-cache "${arm[@]}" depends libstd-rust-web-dev | sed -n 's/.*Depends: \(libstd-rust-web-[0-9.]*\).*/\1/p')
  apt-get -qq update
  (
    cd "$root"
    apt-get -qq download rustc-web libstd-rust-web-dev "$library" libllvm22
    apt-get -qq "${arm[@]}" download libstd-rust-web-dev
    for package in *.deb; do dpkg-deb --extract "$package" . && rm "$package"; done
  )
  cat >"$root/rustc" <<END
#!/bin/sh
LD_LIBRARY_PATH=$root/usr/lib/$(uname -m)-linux-gnu exec $root/usr/bin/rustc "\$@"
END
  chmod +x "$root/rustc"
  echo "$root/rustc"
}
