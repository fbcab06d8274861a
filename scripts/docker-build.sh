#!/usr/bin/env bash
# Builds the image redis-presence: the module on $BASE, the newest official redis image where it is not set. Where that
# cannot be had, a server of Debian's packages serves in its place. $BUILDER is the image to build with.
. "$(dirname "$0")/lib.sh"
. scripts/docker-lib.sh

need_engine
trap remove_replaced_images EXIT
base=$(choose BASE "$DEBIAN_SERVER")
builder=$(choose BUILDER "$(oldest_suite)")
build_module "$builder"
build_server "$IMAGE" "$base"
echo "docker-build: the image $IMAGE has the module on $(server_of "$IMAGE"), $(system_of "$IMAGE")"
