#!/usr/bin/env bash
# Puts the release module where the servers of Debian's packages may load it from, and says how to go on. Their services
# execute nothing but what is in /usr/lib, and every server loads only a file with the right to be executed. Nothing is
# done to the server itself. $PREFIX is another place than /usr, $DESTDIR a folder to put everything below.
. "$(dirname "$0")/lib.sh"

module=$(module_file)
[ -f "$module" ] || fail "no module at $module; run \`make build\`"
target=${PREFIX:-/usr}/lib/redis/modules/libredis_presence.so

# With the rights of whoever calls where these are enough, so that a package can be made without root.
folder=$(dirname "${DESTDIR:-}$target")
while [ ! -e "$folder" ]; do
    folder=$(dirname "$folder")
done
as=()
if [ ! -w "$folder" ]; then
    can_be_root || fail "$folder is not yours to write to; run it as root"
    as=(as_root)
fi
# A new file takes the place of an old one: a server that runs goes on with the old one.
"${as[@]}" install -D --mode=755 "$module" "${DESTDIR:-}$target"

server=redis
if [ -d /etc/valkey ] && [ ! -d /etc/redis ]; then
    server=valkey
fi
cat <<END

${DESTDIR:-}$target is there. To have it loaded:

  1. Add this line to /etc/$server/$server.conf, or to what your server reads:

       loadmodule $target

  2. Restart the server:    sudo systemctl restart $server-server
  3. Look for "presence":   $server-cli MODULE LIST

END
