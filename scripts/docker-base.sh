#!/usr/bin/env bash
# Makes images of Debian's packages, to build on where no image registry is reachable and for the server matrix:
#
#   docker-base.sh [NAME...]   the servers of docker/servers, or those named; a NAME may be a suite of Debian as well
#
# The last line that is printed is the last image. What is there is left as it is; REFRESH=1 makes it again, with what
# Debian has now. $DEBIAN_MIRROR is another mirror than debootstrap's own: with one of a snapshot of the archive the
# images hold the same versions for ever.
. "$(dirname "$0")/lib.sh"
. scripts/docker-lib.sh

PATH=$PATH:/usr/sbin:/sbin

# tree SUITE MIRROR FOLDER: a base system as a tar file on the standard output. For root in a mount namespace of its own:
# it is made in memory, and all of it is gone with the namespace, however this ends.
tree() {
    local suite=$1 mirror=$2 room=$3 root=$3/root script='' archive
    mount -t tmpfs -o mode=755 tmpfs "$room"
    # A suite that is newer than this debootstrap is made as all are since Debian 9.
    [ -e "/usr/share/debootstrap/scripts/$suite" ] || script=sid
    if ! debootstrap --variant=minbase "$suite" "$root" "$mirror" "$script" \
        >"$room/log" 2>&1; then
        grep --max-count=1 '^E: ' "$room/log" >&2 || tail -n 1 "$room/log" >&2
        return 1
    fi
    read -r _ archive _ <"$root/etc/apt/sources.list"
    printf 'deb %s %s main\n' "$archive" "$suite" "$archive" "$suite-updates" \
        "${archive/%\/debian/\/debian-security}" "$suite-security" >"$root/etc/apt/sources.list"
    # The index of a mirror that is pinned, or behind, is older than it promises to be.
    echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/90base"
    echo 'APT::Install-Recommends "false";' >>"$root/etc/apt/apt.conf.d/90base"
    echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/90base"
    # No package starts a service while an image is built.
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
    tar --create --directory "$root" --exclude='./var/cache/apt/archives/*.deb' --exclude='./var/lib/apt/lists/*' \
        --exclude='./var/log/*.log' .
}

# has IMAGE: whether it is there and to stay.
has() {
    [ -z "${REFRESH:-}" ] && image_is_here "$1"
}

# under SUITE: the suite that it lies over, where it is not a whole one.
under() {
    servers | awk -v suite="$1" '$2 == suite { print $5; exit }'
}

# Debian itself, as $DEBIAN_IMAGE:SUITE.
make_debian() {
    local suite=$1 image=$DEBIAN_IMAGE:$1 below
    has "$image" && return
    # One run makes a suite once.
    [[ " ${made[*]} " != *" $image "* ]] || return 0
    below=$(under "$suite")
    if [ -n "$below" ]; then
        make_debian "$below"
        echo "docker-base: making $image"
        build_image "$image" --build-arg "BASE=$DEBIAN_IMAGE:$below" --build-arg "SUITE=$suite" \
            --file docker/overlay.Dockerfile docker
    else
        bootstrap "$suite" "$image"
    fi
    made+=("$image")
}

# bootstrap SUITE IMAGE: a suite that is a whole system.
bootstrap() {
    local suite=$1 image=$2 error
    scripts/setup.sh base
    can_be_root || fail "only root can make $image, by debootstrap"
    echo "docker-base: making $image, which takes a minute or two"
    mkdir "$work/room"
    if ! as_root unshare --mount scripts/docker-base.sh --tree "$suite" "${DEBIAN_MIRROR:-}" "$work/room" \
        2>"$work/errors" >"$work/tree.tar"; then
        error=$(tail -n 1 "$work/errors")
        fail "Debian $suite could not be made: ${error#E: }"
    fi
    rmdir "$work/room"
    docker import --change "LABEL $LABEL=debian" --change 'CMD ["bash"]' "$work/tree.tar" "$image" >/dev/null
    rm "$work/tree.tar"
}

# A server, as $BASE_IMAGE:NAME, of what docker/servers says.
make_server() {
    local name=$1 suite=$2 package=$3 wanted=$4 image=$BASE_IMAGE:$1 version
    has "$image" && return
    make_debian "$suite"
    echo "docker-base: making $image"
    build_image "$work_tag" --build-arg "BASE=$DEBIAN_IMAGE:$suite" --build-arg "PACKAGE=$package" \
        --file docker/debian.Dockerfile docker
    version=$(version_of "$work_tag")
    if [[ $version. != "$wanted".* ]]; then
        fail "$suite has $package $version, and docker/servers asks for $wanted"
    fi
    docker tag "$work_tag" "$image"
    docker rmi "$work_tag" >/dev/null
}

# Whether a name is a suite of docker/servers.
is_suite() {
    servers | awk -v suite="$1" '$2 == suite || $5 == suite { found = 1 } END { exit !found }'
}

clean_up() {
    docker rmi --force "$work_tag" >/dev/null 2>&1 || true
    remove_replaced_images
    rm -rf --one-file-system "$work"
}

if [ "${1:-}" = --tree ]; then
    tree "${@:2}"
    exit
fi

need_engine
names=("$@")
[ $# != 0 ] || read -ra names <<<"$(servers | cut -d ' ' -f 1 | paste --serial --delimiters ' ')"
for name in "${names[@]}"; do
    is_suite "$name" || [ -n "$(server "$name")" ] || fail "there is no $name in docker/servers"
done

made=()
work=$(mktemp --directory /var/tmp/docker-base.XXXXXX)
work_tag=$BASE_IMAGE:making-$$
trap clean_up EXIT
for name in "${names[@]}"; do
    if is_suite "$name"; then
        make_debian "$name"
        image=$DEBIAN_IMAGE:$name
    else
        # The arguments are the words of the line.
        # shellcheck disable=SC2046
        make_server $(server "$name")
        image=$BASE_IMAGE:$name
    fi
done
echo "$image"
