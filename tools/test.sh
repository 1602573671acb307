#!/usr/bin/env bash
# From a clean clone on bare Debian 12: installs what is missing, builds, runs the engine's tests under
# sanitizers, then all tests but the long ones (label "long": ctest --preset release -L long).
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/setup.sh

jobs=$(nproc)
engine_tests=(unit_tests oracle_tests conformance_tests law_tests replay_tests)

install_missing

printf '\n== Address and undefined-behaviour sanitizers ==\n\n'
build asan "${engine_tests[@]}"
ctest --test-dir build/asan --output-on-failure -j "$jobs" -R '^(unit|oracle_.*|conformance|laws|replay)$' \
  -LE long

printf '\n== Thread sanitizer ==\n\n'
build tsan conformance_tests
TSAN_OPTIONS="suppressions=$PWD/tools/tsan.supp" \
  ctest --test-dir build/tsan --output-on-failure -R '^conformance$'

printf '\n== All tests ==\n\n'
build release
ctest --test-dir build/release --output-on-failure -j "$jobs" -LE long
