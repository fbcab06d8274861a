"""What is kept in a file, so that an import that was stopped goes on where it was."""

import json
import os
from pathlib import Path

from ._source import Seen

Identity = dict[str, str]
"""What an import is of. It goes on in the same one only."""


class StateError(Exception):
    """The file is of no use, and says why."""


class State:
    """The file of an import; without a path, nothing is kept."""

    def __init__(self, path: Path | None, identity: Identity) -> None:
        self._path = path
        self._identity = identity

    def load(self) -> Seen | None:
        """The last member that the import before has brought; `None` where there was none."""
        if self._path is None or not self._path.exists():
            return None
        try:
            state = json.loads(self._path.read_text())
            identity = state["import"]
            position = Seen(float(state["score"]), state["member"].encode(errors="surrogateescape"))
        except (AttributeError, KeyError, TypeError, ValueError):
            raise StateError(
                f"{self._path} is not a file of this program: remove it, or name another"
            ) from None
        if identity != self._identity:
            raise StateError(
                f"{self._path} is of another import ({_show(identity)}, and not {_show(self._identity)}): "
                "remove it to begin, or name another"
            )
        return position

    def save(self, position: Seen) -> None:
        """All up to this member are there."""
        if self._path is None:
            return
        state = {
            "import": self._identity,
            "score": position.score,
            "member": position.member.decode(errors="surrogateescape"),
        }
        # Renamed when it is whole: the program may be killed at any moment.
        new = self._path.with_name(self._path.name + ".new")
        new.write_text(json.dumps(state))
        os.replace(new, self._path)

    def remove(self) -> None:
        """The import is done."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def _show(identity: object) -> str:
    return (
        ", ".join(f"{name} {value}" for name, value in identity.items())
        if isinstance(identity, dict)
        else "?"
    )
