"""Imports a sorted set, scored by when its members were last seen, into a presence key.

The sorted set is only read, and a member that was seen later in the presence key stays as it is there. So this may run
while an application writes both, may be stopped at any moment, and changes nothing when it is run again.
"""

import argparse
import os
import sys
from datetime import timedelta
from pathlib import Path

import redis

from .._calls import Command, settings
from .._times import FOREVER
from . import _durations
from ._destination import LONGEST_MEMBER, Destination
from ._import import AHEAD, Comparison, Copied, Memory, RefusedError, check, compare, copy, prepare
from ._source import Scores, Source, Unit
from ._state import Identity, State, StateError

_AGAIN = "To go on, run the same command again."


def _client(url: str) -> "redis.Redis":
    try:
        client = redis.from_url(url)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    # Members are bytes, whatever else the address is used for.
    client.connection_pool.connection_kwargs["decode_responses"] = False
    return client


def _duration(text: str) -> timedelta:
    try:
        return _durations.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _linger(text: str) -> timedelta:
    return FOREVER if text == "forever" else _duration(text)


def _batch(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 up")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m presence.migrate", description=__doc__)
    parser.add_argument("source", type=os.fsencode, metavar="SOURCE", help="the key of the sorted set")
    parser.add_argument("dest", type=os.fsencode, metavar="DEST", help="the presence key")
    parser.add_argument(
        "--redis",
        type=_client,
        default="redis://localhost:6379",
        metavar="URL",
        help="the server (%(default)s)",
    )
    parser.add_argument(
        "--to", type=_client, metavar="URL", help="the server of DEST, where it is another one"
    )
    parser.add_argument(
        "--ttl", type=_duration, metavar="TIME", help="how long a touch keeps a member online: 300, 5m, 12h"
    )
    parser.add_argument(
        "--retain", type=_duration, metavar="TIME", help="how long after it a member is still remembered: 3d"
    )
    parser.add_argument(
        "--linger", type=_linger, metavar="TIME", help="how long DEST stays with nobody to remember; forever"
    )
    parser.add_argument("--unit", choices=("s", "ms"), default="s", help="what a score counts (%(default)s)")
    parser.add_argument(
        "--batch", type=_batch, default=1000, metavar="N", help="members at a time (%(default)s)"
    )
    parser.add_argument(
        "--state", type=Path, metavar="FILE", help="keeps how far it has come, to go on after it was stopped"
    )
    return parser


def _identity(source: Source, destination: Destination, memory: Memory) -> Identity:
    return {
        "from": f"{source} on {source.server}",
        "to": f"{destination} on {destination.server}",
        "unit": source.unit.value,
        "remembered": _durations.show(memory.all),
    }


def _report(source: Source, dest: Destination, copied: Copied, memory: Memory, found: Comparison) -> None:
    """Says what was brought over, and how both compare."""
    print(f"imported {copied.members:,} members of {source} into {dest}")
    if copied.ahead:
        print(
            f"{copied.ahead:,} of them have times up to {_durations.show(AHEAD)} in the future and count as seen now"
        )
    print(_compared("online", memory.ttl, source, dest, found.online))
    if memory.all > memory.ttl:
        print(_compared("remembered", memory.all, source, dest, found.remembered))
    if found.older:
        print(
            f"{found.older:,} more in {source} were seen before that and are not imported: {dest} would forget them "
            "at once (a longer --retain keeps them)"
        )


def _compared(what: str, within: timedelta, source: Source, dest: Destination, found: tuple[int, int]) -> str:
    return f"{what}: {found[0]:,} in {source}, seen within {_durations.show(within)}; {found[1]:,} in {dest}"


def _left_out(source: Source, scores: Scores, copied: Copied, found: Comparison) -> list[str]:
    """What should have come over and has not, with the reason."""
    unit, other = source.unit.plural, source.unit.other.plural
    reasons = (
        (scores.other_unit, f"left out: their scores are {other}, not {unit}"),
        (
            scores.no_times,
            f"left out: their scores are not from 1973 to {_durations.show(AHEAD)} from now; "
            "a score has to be the time when the member was last seen, not the time until which it is online",
        ),
        (copied.too_long, f"left out: they are longer than {LONGEST_MEMBER:,} bytes"),
        (
            found.missing - copied.too_long,
            "missing: they came over and are gone again; if they have not left meanwhile, run this once more",
        ),
    )
    return [f"{members:,} {reason}" for members, reason in reasons if members > 0]


def _run(options: argparse.Namespace, config: Command) -> int:
    source = Source(options.redis, options.source, Unit(options.unit))
    destination = Destination(options.to or options.redis, options.dest)
    scores = check(source, destination)
    memory = prepare(destination, config)
    state = State(options.state, _identity(source, destination, memory))
    copied = copy(source, destination, memory, state, options.batch, sys.stderr)
    found = compare(source, destination, memory, copied.began)
    _report(source, destination, copied, memory, found)
    left_out = _left_out(source, scores, copied, found)
    for line in left_out:
        print(line, file=sys.stderr)
    return 1 if left_out else 0


def main() -> int:
    """Runs the command. 0: all that the presence key remembers is there; 1: it is not, and why was said."""
    parser = _parser()
    options = parser.parse_args()
    try:
        config = settings(options.ttl, options.retain, options.linger)
    except ValueError as error:
        parser.error(str(error))
    try:
        return _run(options, config)
    except (RefusedError, StateError) as error:
        print(f"not imported: {error}", file=sys.stderr)
    except OSError as error:
        print(f"stopped: {error}", file=sys.stderr)
    except redis.ResponseError as error:
        print(f"stopped, the server says: {error}", file=sys.stderr)
    except redis.RedisError as error:
        print(f"stopped: {error}\n{_AGAIN}", file=sys.stderr)
    except KeyboardInterrupt:
        print(f"stopped\n{_AGAIN}", file=sys.stderr)
        return 130
    return 1


if __name__ == "__main__":
    sys.exit(main())
