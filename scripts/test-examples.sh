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

readonly AT_ONCE=2
logs=$(mktemp --directory)
trap 'rm -rf "$logs"' EXIT

# test_folder FOLDER ARGUMENT...: its tests, in a process of its own and with that folder as the current one, as somebody
# runs it who has copied the folder: two examples may both have an `app`. The output comes when it is whole.
test_folder() {
    local folder=$1 code=0
    local log=$logs/${folder//\//-}
    shift
    (cd "$folder" && "$VENV/bin/python" -m pytest --color=no "$@" tests) >"$log" 2>&1 || code=$?
    # 5: there is no test of the name that was asked for.
    [ "$code" = 0 ] || { [ "$code" = 5 ] && [ $# != 0 ]; } || touch "$log.failed"
    printf 'test-examples: %s\n%s\n' "$folder" "$(cat "$log")"
}

# Much of a test is waiting for time to pass, so two folders at a time take half as long.
for folder in "${folders[@]}"; do
    while [ "$(jobs -pr | wc -l)" -ge "$AT_ONCE" ]; do
        wait -n
    done
    test_folder "$folder" "$@" &
done
wait

status=0
! compgen -G "$logs/*.failed" >/dev/null || status=1
cat "$logs"/* >"$logs/all"
sum=$(sum_of_tests "$logs/all")
# A test that does not run proves nothing.
[[ $sum != *skipped ]] || status=1
echo "examples: $sum"
exit "$status"
