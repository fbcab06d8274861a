#!/usr/bin/env bash
# Format, clippy on all targets and rustdoc with no warning left, the length of Rust files, the Python sources and their
# types, and, where shellcheck is installed, the shell scripts.
. "$(dirname "$0")/lib.sh"

use_cargo || fail "no Rust $(rust_version) or newer; run \`make setup\`"
cargo fmt --check
cargo clippy --all-targets -- -D warnings
RUSTDOCFLAGS='-D warnings' cargo doc --quiet --no-deps --document-private-items
# Clippy knows how long a function may be, but not how long a file.
long=$(find src tests benches -name '*.rs' -exec awk 'FNR == 501 { print FILENAME }' {} +)
[ -z "$long" ] || fail "over 500 lines: ${long//$'\n'/, }"
use_python
"$VENV/bin/ruff" check clients examples
"$VENV/bin/ruff" format --check --exclude '*.md' clients examples
# The package runs on older Python than the examples do.
"$VENV/bin/mypy" --strict --python-version 3.10 clients/python/src/presence
for folder in clients/python/tests examples/*/; do
    # Each by itself: two examples may both have an `app`.
    (cd "$folder" && "$VENV/bin/mypy" .)
done
if have shellcheck; then
    shellcheck --external-sources --source-path=SCRIPTDIR scripts/*.sh .ci/run
else
    echo "lint: no shellcheck here, the shell scripts were not checked"
fi
