#!/usr/bin/env bash
# Runs the Python of the virtual environment with its arguments, and tells it of the module, the server and the browser.
. "$(dirname "$0")/lib.sh"

use_python
exec "$VENV/bin/python" "$@"
