#!/usr/bin/env bash
# Makes sure that what the project needs is there: installs Debian packages where it can, else says in one line what
# is missing. Quick and silent when nothing is. Its argument says for what: `build`, `run` (a server as well), `rust` (the
# Rust tests and linters as well), `python` (the virtual environment), `demo` (run and python), `examples` (a browser as
# well), `screenshots` (examples, and what the pictures are made with), `test` (everything but that, and what no argument
# means), or `base` (scripts/docker-base.sh).
. "$(dirname "$0")/lib.sh"

readonly scope=${1:-test}
case $scope in
build | python | base) parts=" $scope " ;;
run) parts=' build server ' ;;
rust) parts=' build server tools ' ;;
demo) parts=' build server python ' ;;
examples) parts=' build server python browser ' ;;
screenshots) parts=' build server python browser pictures ' ;;
test) parts=' build server python browser tools ' ;;
*) fail "usage: $0 [build|run|rust|python|demo|examples|screenshots|test|base]" ;;
esac
readonly parts

# The oldest Chromium that the tests' Playwright is sure to work with. Ubuntu's package of that name is older: it holds
# no browser, and asks for a snap.
readonly CHROMIUM_VERSION=120

# wants PART: whether the scope has it.
wants() {
    [[ $parts == *" $1 "* ]]
}

# What is missing, in words, and the Debian packages that have it.
missing=()
packages=()

# lack WORDS PACKAGE...
lack() {
    missing+=("$1")
    packages+=("${@:2}")
}

# Whether C compiles, headers and all.
have_compiler() {
    echo '#include <stdlib.h>' | cc -fsyntax-only -x c - 2>/dev/null
}

# Whether bindgen will find libclang and the headers that belong to it.
have_libclang() {
    local dirs=(/usr/lib/llvm*/lib /usr/lib/*-linux-gnu /usr/lib /usr/lib64 /usr/lib64/llvm*/lib /usr/local/lib)
    local file dir
    [ -z "${LIBCLANG_PATH:-}" ] || return 0
    for dir in "${dirs[@]}"; do
        for file in "$dir"/libclang.so* "$dir"/libclang-[0-9]*.so*; do
            [ -e "$file" ] || continue
            compgen -G "$(dirname "$(realpath "$file")")/clang/*/include/stddef.h" >/dev/null && return
            compgen -G "/usr/lib*/clang/*/include/stddef.h" >/dev/null && return
        done
    done
    return 1
}

# Whether the Python that Debian packages belong to has redis-py.
have_redis_py() {
    /usr/bin/python3 -c 'import importlib.util as u, sys; sys.exit(not u.find_spec("redis"))' 2>/dev/null
}

have_rust_tools() {
    cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1
}

# The Debian packages of rustfmt and clippy that belong to the cargo of the package given.
rust_tools_of() {
    case $1 in
    cargo) echo rustfmt rust-clippy ;;
    cargo-web) echo rustfmt-web rust-web-clippy ;;
    esac
}

# The package that the cargo in use came with, where it came with one.
cargo_package() {
    dpkg-query --search "$(realpath "$(command -v cargo)")" 2>/dev/null | cut -d : -f 1
}

# Whether there is a font with which a page can be read.
have_font() {
    have fc-list && [ -n "$(fc-list :lang=en family)" ]
}

have_inter() {
    have fc-list && [ -n "$(fc-list Inter family)" ]
}

# Fills in `missing` and `packages`. What is chosen by the versions that apt has is added to `packages` by `choose`.
look() {
    local tools
    missing=()
    packages=()
    if wants base; then
        PATH=$PATH:/usr/sbin have debootstrap || lack debootstrap debootstrap
        have wget || lack wget wget
        [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || lack "Debian's keys" debian-archive-keyring
    fi
    if wants build; then
        have_compiler || lack "a C compiler" gcc libc6-dev
        have_libclang || lack libclang libclang-dev
        use_cargo || lack "Rust $(rust_version) or newer"
    fi
    if wants server; then
        find_server >/dev/null || lack "redis-server or valkey-server $SERVER_VERSION or newer"
        find_cli >/dev/null || lack "redis-cli or valkey-cli"
    fi
    if wants python; then
        find_python >/dev/null || lack "Python $PYTHON_VERSION or newer with venv"
    fi
    if wants browser; then
        find_chromium >/dev/null || lack Chromium
        have_font || lack "a font" fontconfig fonts-dejavu-core
    fi
    if wants pictures; then
        # The same typeface everywhere, and pictures of a third of their size.
        have_inter || lack "the typeface Inter" fontconfig fonts-inter
        have pngquant || lack pngquant pngquant
    fi
    if wants tools; then
        have_redis_py || lack "redis-py for /usr/bin/python3" python3-redis
        if use_cargo && ! have_rust_tools; then
            read -ra tools <<<"$(rust_tools_of "$(cargo_package)")"
            lack "rustfmt and clippy" "${tools[@]}"
        fi
    fi
}

# `missing` as one text.
in_words() {
    printf '%s, ' "${missing[@]}" | sed 's/, $//'
}

# give_up ADVICE: ends with one line that says what is missing.
give_up() {
    local hint=''
    if [ "$scope" = base ]; then
        fail "missing: $(in_words). $1"
    elif ! use_cargo && have rustup; then
        hint="; for Rust run: rustup update stable && rustup default stable"
    elif ! use_cargo && [[ " ${packages[*]} " != *" cargo"* ]]; then
        hint="; Rust comes from https://rustup.rs"
    fi
    fail "missing: $(in_words). $1$hint"
}

# The version of a package that apt would install, empty where there is none.
candidate() {
    apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: \([0-9]*:\)\?\([0-9.]*\).*/\2/p'
}

# offered PACKAGE VERSION: whether apt has it, as new as that.
offered() {
    local version
    version=$(candidate "$1")
    [ -n "$version" ] && at_least "$version" "$2"
}

# Adds the packages whose choice depends on the versions that apt has.
choose() {
    local package tools
    if wants build && ! use_cargo; then
        # Debian keeps a current Rust for its browsers in cargo-web.
        for package in cargo cargo-web; do
            if offered "$package" "$(rust_version)"; then
                packages+=("$package")
                read -ra tools <<<"$(rust_tools_of "$package")"
                wants tools && packages+=("${tools[@]}")
                break
            fi
        done
        if ! use_cargo && [[ " ${packages[*]} " != *" cargo"* ]] && offered rustup 1; then
            packages+=(rustup)
        fi
        [ -e /etc/ssl/certs/ca-certificates.crt ] || packages+=(ca-certificates)
    fi
    if wants server && ! { find_server && find_cli; } >/dev/null; then
        for package in redis-server valkey-server; do
            if offered "$package" "$SERVER_VERSION"; then
                packages+=("$package")
                break
            fi
        done
    fi
    if wants python && ! find_python >/dev/null && offered python3 "$PYTHON_VERSION"; then
        packages+=(python3 python3-venv)
    fi
    if wants browser && ! find_chromium >/dev/null && offered chromium "$CHROMIUM_VERSION"; then
        packages+=(chromium)
    fi
}

# Installs `packages`. A server that comes with them is neither started now nor at the next boot: it would sit on
# port 6379. Services that were there before are not touched, and no package is removed without being asked.
install_packages() {
    local policy=/usr/sbin/policy-rc.d service
    echo "setup: installing ${packages[*]}"
    if [ ! -e "$policy" ]; then
        trap 'as_root rm -f '"$policy" EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    else
        policy=''
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-remove \
        --no-install-recommends --option DPkg::Lock::Timeout=120 "${packages[@]}" </dev/null ||
        give_up "apt-get could not bring them without removing others. Run as root: apt-get install ${packages[*]}"
    if [ -n "$policy" ]; then
        as_root rm -f "$policy"
        trap - EXIT
    fi
    for service in redis-server valkey-server; do
        if [[ " ${packages[*]} " == *" $service "* ]] && [ -d /run/systemd/system ]; then
            as_root systemctl disable --quiet "$service"
            echo "setup: the system's own $service service stays off"
        fi
    done
}

# What rustup itself can bring: a toolchain where it has none at all, as its Debian package comes, and the tools of
# one that came without. It needs no root. A toolchain that is too old is its owner's to update.
ask_rustup() {
    wants build && have rustup || return 0
    if ! use_cargo && ! rustup toolchain list 2>/dev/null | grep -q '^[^ ]*-'; then
        rustup default stable || true
    fi
    if wants tools && use_cargo && ! have_rust_tools; then
        rustup component add rustfmt clippy || true
    fi
}

# Playwright's own Chromium, and the libraries that it needs, for a system whose packages have none.
ask_playwright() {
    if wants browser && ! find_chromium >/dev/null && find_python >/dev/null; then
        { scripts/venv.sh && "$VENV/bin/playwright" install --with-deps chromium; } || true
    fi
}

look
[ ${#missing[@]} = 0 ] && exit
ask_rustup
look
[ ${#missing[@]} = 0 ] && exit

have apt-get || give_up "Install them with your system's package manager"
if ! can_be_root; then
    choose
    give_up "Run as root: apt-get install ${packages[*]}"
fi
echo "setup: missing: $(in_words)"
as_root apt-get update --quiet </dev/null || echo "setup: apt-get update had trouble, going on with what it knows"
choose
[ ${#packages[@]} = 0 ] || install_packages
ask_rustup
ask_playwright
look
[ ${#missing[@]} = 0 ] || give_up "The packages that apt has do not bring them"
