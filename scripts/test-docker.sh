#!/usr/bin/env bash
# Builds the image redis-presence and runs the integration tests with every server in a container of it. What is to be
# tested on is chosen as for docker-build.sh. Arguments go to `cargo test`: a name runs only the tests that have it in
# theirs. The last line counts.
. "$(dirname "$0")/lib.sh"
. scripts/docker-lib.sh

need_engine
scripts/setup.sh rust
use_cargo || fail "no Rust $(rust_version) or newer; run \`make setup\`"
remove_leftovers
scripts/docker-build.sh

work=$(mktemp --directory)
trap 'end_tests; rm -rf "$work"' EXIT
status=0
run_tests "$IMAGE" "$work" "$@" || status=$?
sum_of_tests "$work/log"
exit "$status"
