#!/usr/bin/env bash
# Removes all that the other scripts have made with Docker: the servers of runs that have ended, what docker-run.sh keeps,
# and the images. What is in use by somebody else's container stays, and is named.
. "$(dirname "$0")/lib.sh"
. scripts/docker-lib.sh

need_engine
remove_leftovers
compose=$(find_compose) && (cd docker && $compose down --volumes --remove-orphans) >/dev/null 2>&1
# An image may be the base of the next: the newest go first, and each name by itself.
images=$(docker images --filter "label=$LABEL" --format '{{.Repository}}:{{.Tag}}' | grep --invert-match '<none>') || true
status=0
for image in $images; do
    docker rmi "$image" >/dev/null || status=1
done
remove_replaced_images
exit "$status"
