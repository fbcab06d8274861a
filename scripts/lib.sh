# Shared by the scripts: where things are and whether they are new enough. To be sourced; changes to the checkout.
# shellcheck shell=bash

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The oldest server with the module API that the module needs.
readonly SERVER_VERSION=7.0

# The oldest Python that all of examples/requirements.txt can be installed with, and the virtual environment.
readonly PYTHON_VERSION=3.11
readonly VENV=$PWD/target/venv

# The module that `cargo build --release` makes.
module_file() {
    realpath --no-symlinks "${CARGO_TARGET_DIR:-target}/release/libredis_presence.so"
}

# fail WORD...: ends the script with one line.
fail() {
    printf '%s: %s\n' "$(basename "$0" .sh)" "$*" >&2
    exit 1
}

# have COMMAND: whether it is there.
have() {
    command -v "$1" >/dev/null
}

# at_least VERSION WANTED
at_least() {
    printf '%s\n%s\n' "$2" "$1" | sort --version-sort --check=silent
}

# The oldest Rust that compiles this crate, as Cargo.toml says.
rust_version() {
    sed -n 's/^rust-version *= *"\(.*\)"/\1/p' Cargo.toml
}

# Whether the cargo and rustc that the path finds first are new enough.
cargo_is_good() {
    local version
    cargo --version >/dev/null 2>&1 || return 1
    version=$(rustc --version 2>/dev/null | cut -d ' ' -f 2) || return 1
    at_least "$version" "$(rust_version)"
}

# Puts a good cargo first in the path: the one that is there, or the one that rustup keeps in the home folder.
use_cargo() {
    local bin="${CARGO_HOME:-${HOME:-}/.cargo}/bin"
    hash -r
    cargo_is_good && return
    PATH="$bin:$PATH" cargo_is_good || return
    export PATH="$bin:$PATH"
}

# The server to use: $PRESENCE_SERVER, else the first of redis-server and valkey-server that is new enough.
find_server() {
    local server version
    for server in ${PRESENCE_SERVER:-redis-server valkey-server}; do
        version=$("$server" --version 2>/dev/null | sed -n 's/.* v=\([0-9.]*\).*/\1/p') || continue
        if [ -n "$version" ] && at_least "$version" "$SERVER_VERSION"; then
            printf '%s\n' "$server"
            return
        fi
    done
    return 1
}

# Its command line client.
find_cli() {
    command -v redis-cli || command -v valkey-cli
}

# The Python to make the virtual environment with. Debian's has venv and ensurepip only with a package of their own.
find_python() {
    local python
    for python in python3 /usr/bin/python3; do
        if "$python" -c 'import ensurepip, sys, venv
sys.exit(sys.version_info < tuple(map(int, sys.argv[1].split("."))))' "$PYTHON_VERSION" 2>/dev/null; then
            command -v "$python"
            return
        fi
    done
    return 1
}

# The browser of the tests: $CHROMIUM, else Chromium or Chrome, else the one that Playwright has brought itself. One in
# a snap is none: it sees other temporary folders than who starts it.
find_chromium() {
    local browser
    for browser in ${CHROMIUM:-chromium google-chrome google-chrome-stable}; do
        browser=$(command -v "$browser") || continue
        [ "$(basename "$(realpath "$browser")")" != snap ] || continue
        printf '%s\n' "$browser"
        return
    done
    [ -x "$VENV/bin/python" ] && browser=$("$VENV/bin/python" -c 'from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)' 2>/dev/null) && [ -x "$browser" ] && printf '%s\n' "$browser"
}

# Makes the programs of the virtual environment usable, and tells them of the module, the server and the browser.
use_python() {
    [ -x "$VENV/bin/python" ] || fail "there is no $VENV; run \`scripts/venv.sh\`"
    PRESENCE_MODULE=${PRESENCE_MODULE:-$(module_file)}
    PRESENCE_SERVER=$(find_server) || fail "no server from $SERVER_VERSION on; run \`make setup\`"
    CHROMIUM=$(find_chromium) || CHROMIUM=''
    export PRESENCE_MODULE PRESENCE_SERVER CHROMIUM
    # What Python and its tools keep between two runs stays out of the sources.
    export PYTHONPYCACHEPREFIX=$PWD/target/pycache MYPY_CACHE_DIR=$PWD/target/mypy RUFF_CACHE_DIR=$PWD/target/ruff
}

# as_root COMMAND...
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# Whether as_root works: root, or sudo without a password, or somebody at the keyboard to type it.
can_be_root() {
    [ "$(id -u)" = 0 ] || { have sudo && { sudo -n true 2>/dev/null || [ -t 0 ]; }; }
}

# taken PORT: whether something accepts connections on it.
taken() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# The counts of all test binaries and of each run of pytest, from their output in a file: `3 passed, 0 failed`.
sum_of_tests() {
    awk '/^test result:/ { passed += $4; failed += $6; skipped += $8 }
        /^=+ .* in [0-9.]+s.* =+$/ {
            for (i = 2; i < NF; i++) {
                if ($(i + 1) ~ /^passed/) passed += $i
                if ($(i + 1) ~ /^(failed|errors?),?$/) failed += $i
                if ($(i + 1) ~ /^(skipped|xfailed)/) skipped += $i
            }
        }
        END { printf "%d passed, %d failed%s\n", passed, failed, skipped ? ", " skipped " skipped" : "" }' "$1"
}
