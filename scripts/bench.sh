#!/usr/bin/env bash
# Builds the release module and runs the server's benchmark with it. Arguments choose sections (benches/server/main.rs);
# QUICK=1 has small sizes.
. "$(dirname "$0")/lib.sh"

use_cargo || fail "no Rust $(rust_version) or newer; run \`make setup\`"
cargo build --release
PRESENCE_MODULE=${PRESENCE_MODULE:-$(module_file)}
PRESENCE_SERVER=$(find_server) || fail "no server from $SERVER_VERSION on; run \`make setup\`"
export PRESENCE_MODULE PRESENCE_SERVER
exec cargo bench --bench server -- "$@"
