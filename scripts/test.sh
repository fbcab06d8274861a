#!/usr/bin/env bash
# Builds the release module and runs all tests against it, those of the Python package and the examples as well; the last
# line adds up all counts. Arguments go to `cargo test`: a name runs only the tests that have it in theirs. A name that
# a Python test can have chooses these, too; with other arguments they do not run.
. "$(dirname "$0")/lib.sh"

use_cargo || fail "no Rust $(rust_version) or newer; run \`make setup\`"
cargo build --release
PRESENCE_MODULE=$(module_file)
PRESENCE_SERVER=$(find_server) || fail "no server from $SERVER_VERSION on; run \`make setup\`"
# The module that panics where a test asks for it.
cargo build --profile faults --features faults
PRESENCE_FAULTY_MODULE=$(realpath --no-symlinks "${CARGO_TARGET_DIR:-target}/faults/libredis_presence.so")
export PRESENCE_MODULE PRESENCE_SERVER PRESENCE_FAULTY_MODULE
echo "test: $PRESENCE_SERVER, $("$PRESENCE_SERVER" --version)"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
cargo test --no-fail-fast "$@" 2>&1 | tee "$log" || status=$?
if [ $# = 0 ]; then
    scripts/test-examples.sh 2>&1 | tee --append "$log" || status=$?
elif [ $# = 1 ] && [[ $1 =~ ^[a-zA-Z0-9_]+$ ]]; then
    scripts/test-examples.sh -k "$1" 2>&1 | tee --append "$log" || status=$?
fi
sum_of_tests "$log"
exit "$status"
