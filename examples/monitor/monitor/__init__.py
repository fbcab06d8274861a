"""A page that shows the clients connected to a Redis server, and changes as they come and go."""

from .feed import Feed
from .web import create_app

__all__ = ["Feed", "create_app"]
