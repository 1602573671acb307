#!/usr/bin/env bash
# From a clean clone on bare Debian 12: installs what is missing, builds, and prints FLAT against MAS for
# the networks of the MAS paper on its device.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/setup.sh

install_missing
build release tilewright_cli

compare=(build/release/cli/tilewright compare --hw mas-edge --workload mas12 --schedules flat,mas)
printf '\n== FLAT as published: stages and transfers one after the other ==\n\n'
"${compare[@]}" --as-published
printf '\n== FLAT with double-buffering: loads run ahead ==\n\n'
"${compare[@]}"
