#!/usr/bin/env bash
# Builds the release module and runs all tests against it; the last line adds up the counts of all test binaries.
# Arguments go to `cargo test`: a name runs only the tests that have it in theirs.
. "$(dirname "$0")/lib.sh"

use_cargo || fail "no Rust $(rust_version) or newer; run \`make setup\`"
cargo build --release
PRESENCE_MODULE=$(module_file)
PRESENCE_SERVER=$(find_server) || fail "no server from $SERVER_VERSION on; run \`make setup\`"
export PRESENCE_MODULE PRESENCE_SERVER
echo "test: $PRESENCE_SERVER, $("$PRESENCE_SERVER" --version)"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
cargo test --no-fail-fast "$@" 2>&1 | tee "$log" || status=$?
sum_of_tests "$log"
exit "$status"
