#!/usr/bin/env bash
# Runs cargo with its arguments: the one in the path where it is new enough, else rustup's in the home folder.
. "$(dirname "$0")/lib.sh"

use_cargo || fail "no Rust $(rust_version) or newer; run \`make setup\`"
exec cargo "$@"
