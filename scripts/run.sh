#!/usr/bin/env bash
# Starts a server with the module in the foreground: on $PORT (6379) or the next free port, its data in data/.
# $MODULE_ARGS are the module's load arguments: MODULE_ARGS='default-ttl 60000' make run
. "$(dirname "$0")/lib.sh"

readonly PORTS_TO_TRY=100

# free_port FIRST
free_port() {
    local port
    for ((port = $1; port < $1 + PORTS_TO_TRY; port++)); do
        if ! taken "$port"; then
            echo "$port"
            return
        fi
    done
    fail "no free port from $1 to $((port - 1))"
}

# announce PID PORT: waits until that process serves that port, then prints what to try.
announce() {
    local try
    try="$(basename "$cli") -p $2"
    until "$cli" -p "$2" INFO server 2>/dev/null | grep -q "^process_id:$1[^0-9]*$"; do
        kill -0 "$1" 2>/dev/null || return
        sleep 0.1
    done
    cat <<END

$(basename "$server") listens on 127.0.0.1:$2 with the module presence. Ctrl-C stops it; its data stays in data/.
Try in another terminal:

  $try PRESENCE.TOUCH online alice bob
  $try PRESENCE.COUNT online
  $try PRESENCE.LIST online WITHTTL
  $try PRESENCE.MAX online

END
}

module=$(module_file)
[ -f "$module" ] || fail "no module at $module; run \`make build\`"
server=$(find_server) || fail "no server from $SERVER_VERSION on; run \`make setup\`"
cli=$(find_cli) || fail "no redis-cli; run \`make setup\`"

# Two servers must never share a data folder. The server keeps the lock by keeping the file open.
mkdir -p data
exec 9>>data/lock
flock --nonblock 9 || fail "another server of this checkout runs already (port $(cat data/lock)); its data is in data/"
port=$(free_port "${PORT:-6379}")
echo "$port" >data/lock

announce $$ "$port" 9>&- &
# The arguments are to be split into words.
# shellcheck disable=SC2086
exec "$server" --port "$port" --bind 127.0.0.1 -::1 --dir "$PWD/data" --appendonly yes --save '' \
    --loadmodule "$module" ${MODULE_ARGS:-}
