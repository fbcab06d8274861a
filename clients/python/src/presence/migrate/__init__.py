"""From a sorted set of members, scored by when they were seen, to a presence key: `python -m presence.migrate --help`."""
