#!/usr/bin/env bash
# The hooks of .pre-commit-hooks.yaml, run by pre-commit in scratch repositories, with and without file names.
#   run.sh ROUTELINT          the hook that uses the installed program
#   run.sh ROUTELINT --rust   also those that cargo builds, which takes minutes
# Wants pre-commit (PyPI) on the path; without it, nothing is run and the number of runs is told.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
binary=$(realpath "$1")
hooks=(routelint-system)
[ "${2:-}" != --rust ] || hooks+=(routelint routelint-strict)

if ! command -v pre-commit >/dev/null; then
  echo "skipped: $((6 * ${#hooks[@]})) runs of pre-commit (not installed)"
  exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
cp "$binary" "$work/bin/routelint"
export PATH=$work/bin:$PATH PRE_COMMIT_HOME=$work/cache GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1

# What is in the working tree, committed in a repository of its own.
git init -q "$work/routelint"
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$work/routelint"
commit() { git -C "$1" add -A && git -C "$1" -c user.name=test -c user.email=test@localhost commit -q --no-verify -m "$2"; }
commit "$work/routelint" hooks
revision=$(git -C "$work/routelint" rev-parse HEAD)

runs=0
run() { # expected status, text that has to be told, fleet, hook, pass_filenames, arguments of pre-commit
  local expected=$1 told=$2 fleet=$3 hook=$4 names=$5 output status=0
  shift 5
  rm -rf "$work/fleet"
  cp -r "$root/fixtures/$fleet" "$work/fleet"
  cat >"$work/fleet/.pre-commit-config.yaml" <<YAML
repos:
  - repo: $work/routelint
    rev: $revision
    hooks:
      - id: $hook
        pass_filenames: $names
YAML
  git init -q "$work/fleet"
  git -C "$work/fleet" add -A
  output=$(cd "$work/fleet" && pre-commit run "$@" 2>&1) || status=$?
  if [ "$status" != "$expected" ] || ! grep -q -- "$told" <<<"$output"; then
    echo "FAILED: $hook on $fleet, file names $names: status $status, not $expected, or it does not tell \"$told\""
    echo "$output"
    exit 1
  fi
  runs=$((runs + 1))
}

for hook in "${hooks[@]}"; do
  run 0 Passed repaired "$hook" false --all-files
  run 0 Passed repaired "$hook" true --all-files
  run 1 duplicate-vm-index flake-inline "$hook" false --all-files
  # The fleet is looked at as a whole, whichever files changed.
  run 1 duplicate-vm-index flake-inline "$hook" false --files flake.nix
  run 1 duplicate-vm-index flake-inline "$hook" true --files host.nix
  # A commit that changes no Nix is not looked at.
  run 0 "no files to check" flake-inline "$hook" false --files .pre-commit-config.yaml
done
echo "hooks: $runs runs passed"
