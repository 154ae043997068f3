#!/usr/bin/env bash
# Measures routelint: whole fleets of 254 and 10,000 guests, and its evaluator beside nix-instantiate if that is installed.
#   benches/compare.sh [RUNS]
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release --quiet
exec python3 benches/compare.py target/release/routelint --runs "${1:-9}"
