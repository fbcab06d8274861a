#!/usr/bin/env bash
# Makes the virtual environment target/venv: what examples/requirements.txt pins, and the wheel of clients/python, as
# somebody who installs the package gets it. Quick and silent when nothing has changed.
. "$(dirname "$0")/lib.sh"

readonly PINS=examples/requirements.txt
readonly PACKAGE=clients/python
readonly WHEELS=target/wheel

# pip itself asks for nothing and says only what went wrong.
pip() {
    "$VENV/bin/python" -m pip --quiet --disable-pip-version-check --no-input "$@"
}

# is_of FILE TEXT: whether a stamp says that what it stands for was made of this.
is_of() {
    [ "$(cat "$1" 2>/dev/null)" = "$2" ]
}

# The virtual environment as it has to be: of this Python and these pins. `--no-deps` lets nothing in that is not
# pinned, and `pip check` says what is missing then.
make_venv() {
    local python want
    python=$(find_python) || fail "no Python $PYTHON_VERSION or newer with venv; run \`make setup\`"
    want="$("$python" -VV) $PWD $(sha256sum <"$PINS")"
    is_of "$VENV/pins" "$want" && return
    echo "venv: making $VENV with $("$python" --version)"
    rm -rf "$VENV"
    "$python" -m venv "$VENV"
    pip install --no-deps --requirement "$PINS"
    pip check
    printf '%s' "$want" >"$VENV/pins"
}

# The wheel of the package as its sources are now, in the virtual environment.
install_package() {
    local want
    want=$(find "$PACKAGE" -type f ! -path '*/tests/*' ! -path '*/.*' ! -name '*.pyc' -print0 | sort --zero-terminated |
        xargs --null sha256sum | sha256sum)
    is_of "$VENV/package" "$want" && compgen -G "$WHEELS/*.whl" >/dev/null && return
    echo "venv: building the wheel of $PACKAGE"
    rm -rf "$WHEELS"
    "$VENV/bin/python" -m build --wheel --no-isolation --outdir "$WHEELS" "$PACKAGE" >target/wheel.log 2>&1 ||
        fail "the wheel cannot be built: $(cat target/wheel.log)"
    pip install --no-deps --force-reinstall "$WHEELS"/*.whl
    pip check
    printf '%s' "$want" >"$VENV/package"
}

mkdir -p target
exec 9>>target/venv.lock
flock 9
make_venv
install_package
