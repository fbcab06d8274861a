#!/usr/bin/env bash
# Starts a server of the image redis-presence with docker compose, in the foreground, on $PORT (6379) of this machine. Its
# data stays in a volume. Nothing else is left when it ends.
. "$(dirname "$0")/lib.sh"
. scripts/docker-lib.sh

need_engine
compose=$(find_compose) || fail "there is no docker compose here"
image_is_here "$IMAGE" || fail "there is no image $IMAGE; run \`make docker\`"
export PORT=${PORT:-6379}
! taken "$PORT" || fail "port $PORT is taken; PORT=6380 make docker-run takes another"
cd docker
trap '$compose down >/dev/null 2>&1' EXIT
# Ctrl-C reaches the server by way of compose, which waits for it.
trap : INT
$compose up --no-build
