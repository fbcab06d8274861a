#!/usr/bin/env bash
# Runs the integration tests on every server of docker/servers, each in containers of its image, with one and the same
# module, built once on the oldest of their systems. The results go to docs/compatibility.md, and the last line counts.
# Arguments are names of servers: then only these are tested, and the others' lines stay as they are, with their date.
#
# What stands in single quotes is for the shell of a container, and the trap calls what seems not to be called.
# shellcheck disable=SC2016,SC2317
. "$(dirname "$0")/lib.sh"
. scripts/docker-lib.sh

readonly PAGE=docs/compatibility.md
readonly BEGIN="<!-- results of \`make test-matrix\`: begin -->"
readonly END="<!-- results: end -->"

clean_up() {
    end_tests
    remove_replaced_images
    rm -rf "$work"
}

# module_of IMAGE: the digest of the module in it.
module_of() {
    ask "$1" "sha256sum $MODULE" | cut -d ' ' -f 1
}

# package_of IMAGE: the Debian package of its server, with the version.
package_of() {
    ask "$1" 'dpkg-query --show --showformat "\${Package} \${Version}" redis-server 2>/dev/null ||
        dpkg-query --show --showformat "\${Package} \${Version}" valkey-server'
}

# count WORD LOG: how many tests passed, failed or were ignored.
count() {
    sed -n "s/^test result:.* \([0-9]*\) $1;.*/\1/p" "$2"
}

# test_on NAME: builds a server's image, runs the tests, and writes what the tables say of it to $work.
test_on() {
    local name=$1 image=$IMAGE:$1 log=$work/log server system reason test
    build_server "$image" "$BASE_IMAGE:$name"
    [ "$(module_of "$image")" = "$module" ] || fail "$image has another module than the others"
    server=$(server_of "$image")
    system=$(system_of "$image")
    echo "test-matrix: $server on $system"
    : >"$work/missing"
    PRESENCE_NOT_APPLICABLE=$work/missing run_tests "$image" "$work" || failed=1
    grep -q '^test result:' "$log" || fail "the tests did not run on $name"
    printf '| %s | %s | %s | %s | %s | %s | %s | %s |\n' "$name" "$server" "$system" "$(package_of "$image")" \
        "$(date --utc +%F)" "$(count passed "$log")" "$(count failed "$log")" \
        "$(sort --unique "$work/missing" | wc --lines)" >>"$work/lines"
    # A test that is ignored, or that says of itself that the server has not got what it is about.
    {
        sed -n 's/^test \([^ ]*\) ... ignored\(, \)\?\(.*\)/\1\t**ignored** \3/p' "$log"
        sort --unique "$work/missing"
    } | while IFS=$'\t' read -r test reason; do
        printf '| %s | `%s` | %s |\n' "$name" "$test" "$reason" >>"$work/lines"
    done
    cat "$log" >>"$work/all.log"
}

# lines CELLS: the lines of a table, which has so many columns, for each server: new ones, or those of the page.
lines() {
    local name from
    while read -r name _; do
        from=$PAGE
        [[ " ${tested[*]} " != *" $name "* ]] || from=$work/lines
        awk -F '|' -v name=" $name " -v fields=$(($1 + 2)) '$2 == name && NF == fields' "$from"
    done < <(servers)
}

# The tables, as they stand in the page.
tables() {
    local glibc
    glibc=$(ask "$BUILD_IMAGE" 'objdump --dynamic-syms /target/release/libredis_presence.so' |
        grep --only-matching 'GLIBC_[0-9.]*' | sort --version-sort --unique | tail -n 1)
    printf 'On %s. One module for all, built on %s; it needs glibc %s.\n\n' "$(uname --machine)" \
        "$(system_of "$BUILD_IMAGE")" "${glibc#GLIBC_}"
    echo '| name | server | system | package | date | passed | failed | not applicable |'
    echo '| --- | --- | --- | --- | --- | --: | --: | --: |'
    lines 8
    echo
    echo 'Tests of what a server has not got, and what they say of it:'
    echo
    echo '| name | test | what it says |'
    echo '| --- | --- | --- |'
    lines 3
}

# Puts the tables into the page, between its marks.
write_page() {
    awk -v begin="$BEGIN" -v end="$END" -v tables="$work/tables" '
        $0 == begin { print; while ((getline line <tables) > 0) print line; inside = 1 }
        $0 == end { inside = 0 }
        !inside && $0 != begin' "$PAGE" >"$work/page"
    cat "$work/page" >"$PAGE"
}

for mark in "$BEGIN" "$END"; do
    grep --quiet --fixed-strings --line-regexp -e "$mark" "$PAGE" || fail "$PAGE is without the line $mark"
done
need_engine
scripts/setup.sh rust
use_cargo || fail "no Rust $(rust_version) or newer; run \`make setup\`"
for name in "$@"; do
    [ -n "$(server "$name")" ] || fail "there is no server $name in docker/servers"
done
names=("$@")
[ $# != 0 ] || mapfile -t names < <(servers | cut -d ' ' -f 1)
remove_leftovers
work=$(mktemp --directory)
trap clean_up EXIT
scripts/docker-base.sh "${names[@]}" "$(oldest_suite)"
builder=$(choose BUILDER "$(oldest_suite)")
build_module "$builder"
module=$(ask "$BUILD_IMAGE" 'sha256sum /target/release/libredis_presence.so' | cut -d ' ' -f 1)

failed=0
tested=()
for name in "${names[@]}"; do
    test_on "$name"
    tested+=("$name")
    tables >"$work/tables"
    write_page
done
cat "$work/tables"
echo "test-matrix: the tables are in $PAGE"
sum_of_tests "$work/all.log"
exit "$failed"
