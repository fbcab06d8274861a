#!/usr/bin/env bash
# Runs the tests of the Python package and of the examples, on real servers with the release module; the last line adds
# up their counts. Names of examples, or `python` for the package, choose these only; the other arguments go to pytest:
#
#   test-examples.sh flask_api -k token
. "$(dirname "$0")/lib.sh"

use_python

# The folders that have tests, or those of the names at the front of the arguments.
folders=()
while [ $# != 0 ] && [[ $1 != -* ]]; do
    folder=$(compgen -G "clients/$1" || compgen -G "examples/$1") || fail "there is no example $1"
    folders+=("$folder")
    shift
done
if [ ${#folders[@]} = 0 ]; then
    for folder in clients/python/tests examples/*/tests; do
        folders+=("$(dirname "$folder")")
    done
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
for folder in "${folders[@]}"; do
    echo "test-examples: $folder"
    code=0
    # Each in a process of its own, as somebody runs it who has copied the folder: two examples may both have an `app`.
    (cd "$folder" && "$VENV/bin/python" -m pytest --color=no "$@" tests) 2>&1 | tee --append "$log" || code=$?
    # 5: there is no test of the name that was asked for.
    [ "$code" = 0 ] || { [ "$code" = 5 ] && [ $# != 0 ]; } || status=1
done
sum=$(sum_of_tests "$log")
# A test that does not run proves nothing.
[[ $sum != *skipped ]] || status=1
echo "examples: $sum"
exit "$status"
