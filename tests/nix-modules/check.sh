#!/usr/bin/env bash
# The builder script of lib.check, run as a sandbox runs it: no network, no home, nothing of the caller's environment, a source that cannot be written.
#   check.sh ROUTELINT
# The script comes out of nix/check.nix by routelint's own evaluator. A sound fleet has to pass, a faulty one has to fail with its findings.
set -euo pipefail
cd "$(dirname "$0")/../.."
binary=$(realpath "$1")
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/build"
cp "$binary" "$work/bin/routelint"

# Without permission for namespaces the script runs all the same, with the network there.
isolated=(unshare --map-root-user --net)
if ! "${isolated[@]}" true 2>/dev/null; then
  echo "skipped: the network namespace of 3 runs (not permitted here)"
  isolated=()
fi

script() { # source, further attributes of the call in Nix
  "$binary" eval --json --expr "
    let
      lib = import <nixpkgs/lib>;
      pkgs = { inherit lib; runCommand = name: attributes: script: script; };
    in import $PWD/nix/check.nix { inherit pkgs; package = null; src = \"$1\"; $2 }" |
    python3 -c 'import json, sys; print(json.load(sys.stdin))'
}

build() { # source, attributes
  local source=$work/source builder
  [ ! -e "$source" ] || chmod -R u+w "$source"
  rm -rf "$source" "$work/build/out"
  cp -rL "$1" "$source"
  chmod -R a-w "$source"
  builder=$(script "$source" "$2")
  env -C "$work/build" -i PATH="$work/bin:/usr/bin:/bin" HOME=/homeless-shelter out="$work/build/out" \
    "${isolated[@]}" bash -euc "$builder"
}

fails() { # source, text that has to be told
  local told
  if told=$(build "$1" "" 2>&1); then
    echo "FAILED: $1 passes"
    return 1
  fi
  grep -q "$2" <<<"$told" || { echo "FAILED: $1 does not tell $2: $told"; return 1; }
}

build fixtures/repaired "strict = true;"
[ -e "$work/build/out" ]
build templates/fleet "strict = true; inputs = { routelint = \"$PWD\"; };"
[ -e "$work/build/out" ]
fails fixtures/reference onlink-without-gateway
[ ! -e "$work/build/out" ]
echo "check: 3 passed"
