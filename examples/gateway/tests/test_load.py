"""The load script runs to its end."""

import subprocess
import sys

from gateway_harness import EXAMPLE


def test_it_says_what_connections_cost() -> None:
    command = [sys.executable, "load.py", "-n", "50", "--seconds", "3", "--lease", "3"]
    said = subprocess.run(command, cwd=EXAMPLE, capture_output=True, text=True, timeout=60, check=True).stdout
    assert [line[:22].rstrip() for line in said.splitlines()] == [
        "sockets open",
        "all are online after",
        "the key",
        "Redis has taken",
        "a beat of all is",
        "it takes",
        "",
        "killed, a gateway has",
        "from first to last",
        "of the others",
    ]
    assert said.splitlines()[-1].endswith(" 25  of 25 are online")
