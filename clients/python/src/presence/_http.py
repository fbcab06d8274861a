"""Where a request comes from, and which requests are not counted. Nothing here knows a framework.

Each proxy adds the address that it was asked from at the right of X-Forwarded-For. So what the header says is as true as the
proxies on the way are one's own: it is read from the right, as far as trusted proxies have written it, and what stands further
left is the visitor's own word.
"""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_THIS_MACHINE = IPv4Address("127.0.0.1")
# As some proxies write an address: 192.0.2.1:4711, [2001:db8::1]:4711 or [2001:db8::1].
_DECORATED = re.compile(r"\[([^\[\]]+)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}")


def client_address(remote: str, forwarded: str | None, trusted: Iterable[Network]) -> str:
    """The address that a request came from, as `ipaddress` writes it: at most 39 characters, whatever the header holds.

    `remote` is the address of whoever is connected. `forwarded` is the header X-Forwarded-For, several of them joined by
    commas; it counts only where `remote` is one of the `trusted` proxies. A `remote` that is no address, as of a Unix socket,
    is this machine.
    """
    networks = tuple(trusted)
    client = _address(remote) or _THIS_MACHINE
    entries = (forwarded or "").split(",")
    while entries and any(client in network for network in networks):
        entry = _address(entries.pop())
        if entry is None:
            # No proxy writes that. Who wrote it may have written all that is left of it, too.
            break
        client = entry
    return str(client)


def trusted_proxies(proxies: Iterable[str]) -> tuple[Network, ...]:
    """Networks from how they are written in settings: `["10.0.0.0/8", "::1"]`. A `ValueError` says what is wrong."""
    return tuple(map(ip_network, _several(proxies)))


def excluded_paths(paths: Iterable[str]) -> frozenset[str]:
    """Paths from how they are written in settings: `["/api/online/"]`. A `ValueError` says what is wrong.

    A request is excluded where its path as a whole is one of them: `/api/online` is not `/api/online/`.
    """
    excluded = frozenset(_several(paths))
    for path in excluded:
        if not path.startswith("/") or "?" in path:
            raise ValueError(f"a path begins with / and has no query, unlike {path!r}")
    return excluded


def _several(values: Iterable[str]) -> tuple[str, ...]:
    # A text is an iterable of texts, too, and would pass as a list of its letters.
    if isinstance(values, str):
        raise ValueError(f"a list is needed: [{values!r}], not {values!r}")
    several = tuple(values)
    for value in several:
        if not isinstance(value, str):
            raise ValueError(f"a list of texts is needed, and {value!r} is none")
    return several


def _address(text: str) -> Address | None:
    text = text.strip()
    decorated = _DECORATED.fullmatch(text)
    if decorated:
        text = decorated[1] or decorated[2]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        # Without its zone: %eth0 means something on one machine only, and may be of any length.
        return address.ipv4_mapped or IPv6Address(int(address))
    return address
