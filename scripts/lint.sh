#!/usr/bin/env bash
# Format, clippy on all targets with no warning left, and the shell scripts where shellcheck is installed.
. "$(dirname "$0")/lib.sh"

use_cargo || fail "no Rust $(rust_version) or newer; run \`make setup\`"
cargo fmt --check
cargo clippy --all-targets -- -D warnings
if have shellcheck; then
    shellcheck --external-sources --source-path=SCRIPTDIR scripts/*.sh .ci/run
else
    echo "lint: no shellcheck here, the shell scripts were not checked"
fi
