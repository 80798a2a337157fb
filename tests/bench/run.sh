#!/bin/sh
# make bench: the figures of the release, measured on this machine in one run.  Ratios and shapes
# are what can be compared; milliseconds belong to this machine.  JSON: build/bench/results.json.
# usage: B=build tests/bench/run.sh [ROUNDS]
set -eu
cd "$(dirname "$0")/../.."
exec env PYTHONDONTWRITEBYTECODE=1 B="$(realpath "$B")" /usr/bin/python3 tests/bench/bench.py "$@"
