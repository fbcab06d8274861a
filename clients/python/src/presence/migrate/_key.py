"""A key on a server."""

from typing import Any


class Key:
    """A key, and a client that answers in bytes."""

    def __init__(self, client: Any, key: bytes) -> None:
        self._redis = client
        self._key = key

    def __str__(self) -> str:
        """The key as it is shown."""
        return repr(self._key.decode(errors="surrogateescape"))

    @property
    def server(self) -> str:
        """Its server and database, without the password."""
        options = self._redis.connection_pool.connection_kwargs
        server = options.get("path") or f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"
        return f"{server}/{options.get('db', 0)}"

    def type(self) -> str:
        """Its type as the server names it: `none` for a key that is not there."""
        return str(self._redis.type(self._key).decode())
