# Shared by the scripts that work with Docker: images, where they come from, and what is left to remove. To be sourced
# after lib.sh. Not each script uses every name, and what stands in single quotes is for the shell of a container.
# shellcheck shell=bash disable=SC2034,SC2016

# Every image that is made has this label; its value says what it is.
readonly LABEL=redis-presence
# The servers of tests have this one; its value is the process that they are for.
readonly RUN_LABEL=redis-presence.run
# The image that is built, what it is built with, and the stage of it that has the module.
readonly IMAGE=redis-presence
readonly BUILDER_IMAGE=redis-presence-builder
readonly BUILD_IMAGE=redis-presence-build
# The module in the image.
readonly MODULE=/usr/local/lib/presence/libredis_presence.so
# Bases of Debian's packages: Debian itself, and the servers in docker/servers.
readonly DEBIAN_IMAGE=redis-presence-debian
readonly BASE_IMAGE=redis-presence-base
# The server of them that serves where no registry has the official image.
readonly DEBIAN_SERVER=redis-8.0

# Ends the script unless an engine for Linux containers answers.
need_engine() {
    local answer
    have docker || fail "no Docker here: there is no docker command"
    answer=$(docker version --format '{{.Server.Os}}' 2>&1) || fail "no Docker engine answers: ${answer##*$'\n'}"
    [ "$answer" = linux ] || fail "the Docker engine runs $answer containers, and the server needs Linux"
}

# Prints the command for docker/compose.yaml: the engine's own, or the one that came before it.
find_compose() {
    if docker compose version >/dev/null 2>&1; then
        echo docker compose
    else
        have docker-compose && echo docker-compose
    fi
}

# The lines of docker/servers.
servers() {
    grep --invert-match '^#' docker/servers
}

# server NAME: its line.
server() {
    servers | awk -v name="$1" '$1 == name'
}

# Whether an image is here.
image_is_here() {
    docker image inspect "$1" >/dev/null 2>&1
}

# default_of ARG: what docker/Dockerfile has for it.
default_of() {
    sed -n "s/^ARG $1=//p" docker/Dockerfile
}

# obtain IMAGE: has it here, from a registry where it is not. Prints why it cannot.
obtain() {
    local answer
    image_is_here "$1" && return
    answer=$(docker pull --quiet "$1" 2>&1) && return
    printf '%s\n' "${answer##*$'\n'}"
    return 1
}

# choose ARG OTHER...: prints the image to use for an argument of docker/Dockerfile. What the environment says must be
# there or come from a registry. Else it is the default, and where that cannot be had what docker-base.sh makes of OTHER.
choose() {
    local chosen=${!1:-} default why
    default=$(default_of "$1")
    if why=$(obtain "${chosen:-$default}"); then
        printf '%s\n' "${chosen:-$default}"
        return
    fi
    [ -z "$chosen" ] || fail "there is no image $chosen for $1: $why"
    echo "$(basename "$0" .sh): $default cannot be had here, Debian's packages serve in its place" >&2
    scripts/docker-base.sh "$2" | tail -n 1
}

# build_image TAG ARGUMENT...: docker build, silent unless it fails. The last argument is the context.
build_image() {
    local log status=0
    log=$(mktemp)
    docker build --force-rm --label "$LABEL=image" --tag "$@" </dev/null >"$log" 2>&1 || status=$?
    if [ "$status" != 0 ]; then
        cat "$log" >&2
        rm -f "$log"
        fail "the image $1 could not be built, see above"
    fi
    rm -f "$log"
}

# build_module BUILDER: the stage with the module, whose layers all images share.
build_module() {
    local context=${CARGO_TARGET_DIR:-target}/docker bundle=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
    echo "$(basename "$0" .sh): building the module on $1"
    mkdir -p "$context"
    cat "$bundle" >"$context/authorities.crt" 2>/dev/null || true
    build_image "$BUILDER_IMAGE" --build-arg "BUILDER=$1" --file docker/builder.Dockerfile "$context"
    build_image "$BUILD_IMAGE" --target build --build-arg "BUILDER=$BUILDER_IMAGE" --file docker/Dockerfile .
}

# build_server TAG BASE: the module, once it is built, on a server.
build_server() {
    echo "$(basename "$0" .sh): building the image $1 on $2"
    build_image "$1" --target presence --build-arg "BUILDER=$BUILDER_IMAGE" --build-arg "BASE=$2" \
        --file docker/Dockerfile .
}

# Removes the images that newer ones of the same name have replaced.
remove_replaced_images() {
    docker image prune --force --filter "label=$LABEL" >/dev/null 2>&1 || true
}

# ask IMAGE COMMAND...: what a command prints in a container of an image.
ask() {
    docker run --rm --network none --no-healthcheck --entrypoint sh "$1" -c "${@:2}"
}

# version_of IMAGE: its server's version.
version_of() {
    ask "$1" '"$(command -v redis-server || command -v valkey-server)" --version' | sed -n 's/.* v=\([0-9.]*\).*/\1/p'
}

# remove_containers PROCESS: the servers of a run, however many are still starting or ending.
remove_containers() {
    local found tries
    for ((tries = 0; tries < 100; tries++)); do
        found=$(docker ps --all --quiet --filter "label=$RUN_LABEL=$1") || return 0
        [ -n "$found" ] || return 0
        # One that is removing itself just now is no error.
        # shellcheck disable=SC2086
        docker rm --force --volumes $found >/dev/null 2>&1 || sleep 0.1
    done
    echo "$(basename "$0" .sh): containers are left that cannot be removed: docker ps --all --filter label=$RUN_LABEL" >&2
}

# Removes what runs have left that could not clean up, because they were killed.
remove_leftovers() {
    local process
    docker ps --all --filter "label=$RUN_LABEL" --format "{{.Label \"$RUN_LABEL\"}}" | sort --unique |
        while read -r process; do
            [ -e "/proc/$process" ] || remove_containers "$process"
        done
}

# The process group of the tests that run; empty where none do.
tests=''

# run_tests IMAGE FOLDER ARGUMENT...: the integration tests with every server in a container of an image. Their output
# goes to FOLDER/log as well, and the image's module to FOLDER. They are a job of their own, which `end_tests` ends.
run_tests() {
    local status=0
    ask "$1" "cat $MODULE" >"$2/libredis_presence.so"
    set -m
    PRESENCE_MODULE=$2/libredis_presence.so PRESENCE_DOCKER=$1 PRESENCE_DOCKER_RUN=$$ \
        cargo test --no-fail-fast --test contract "${@:3}" </dev/null 2>&1 | tee "$2/log" &
    tests=$(jobs -p %%)
    set +m
    wait $! || status=$?
    end_tests
    return "$status"
}

# Ends the tests, where they still run, and removes their servers. For the trap of whoever runs tests.
end_tests() {
    if [ -n "$tests" ] && kill -KILL -- "-$tests" 2>/dev/null; then
        # What they had just asked the engine for is made all the same.
        sleep 0.5
    fi
    tests=''
    remove_containers $$
}

# server_of IMAGE: its server, in words.
server_of() {
    local kind=Redis
    ask "$1" 'command -v valkey-server' >/dev/null && kind=Valkey
    echo "$kind $(version_of "$1")"
}

# system_of IMAGE: the system that the server is on, in words.
system_of() {
    ask "$1" '. /etc/os-release && echo "$PRETTY_NAME"'
}

# The suite with the oldest libc, where the module for all servers is built.
oldest_suite() {
    servers | awk 'NR == 1 { print $2 }'
}
