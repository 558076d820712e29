# Shared by the CI scripts: steps with their times, servers that are waited for and ended by their process id.

step() { # TITLE COMMAND…
  local title=$1 began=$SECONDS
  shift
  printf '\n== %s\n' "$title"
  "$@"
  printf -- '-- %s: %s s\n' "$title" "$((SECONDS - began))"
}

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

debian() { # PACKAGE…: installs what is missing
  local missing=()
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  apt-get update -qq && apt-get install -y -qq "${missing[@]}" >/dev/null || fail "can't install ${missing[*]}"
}

install_browser() {
  command -v chromedriver >/dev/null && command -v chromium >/dev/null || debian chromium chromium-driver
}

cargo_tool() { # CRATE VERSION BINARY: prints the path of a tool from crates.io, built once
  local root=target/ci-tools/$1-$2
  [[ -x $root/bin/$3 ]] || cargo install --quiet --locked --root "$root" "$1@$2" >&2 || fail "can't install $1 $2"
  echo "$root/bin/$3"
}

wait_for_line() { # FILE PID SECONDS: prints the first line of FILE once it is whole
  local line
  for _ in $(seq $(($3 * 10))); do
    if IFS= read -r line <"$1"; then
      echo "$line"
      return 0
    fi
    kill -0 "$2" 2>/dev/null || return 1
    sleep 0.1
  done
  return 1
}
