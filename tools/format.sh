#!/usr/bin/env bash
# Formats all C++ files with clang-format 14; with --check only says which are not formatted.
set -euo pipefail
cd "$(dirname "$0")/.."
formatter="${CLANG_FORMAT:-clang-format-14}"
mode=(-i)
if [[ "${1:-}" == "--check" ]]; then
  mode=(--dry-run --Werror)
fi
find common hw_profiles schedules costmodel import search proof replay batch report cli test benchmarks \
  \( -name '*.h' -o -name '*.cpp' \) -print0 | sort -z | xargs -0 "$formatter" "${mode[@]}"
