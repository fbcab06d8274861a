"""What the page shows, kept for all browsers together."""

import asyncio
import json
from collections.abc import AsyncIterator


class Board:
    """The newest state of each topic, encoded once however many browsers look.

    A browser has no queue here, only the number of the last change that it was sent. One that is slow or asleep gets the newest
    state of each topic once it is ready again, and none of those before.
    """

    def __init__(self) -> None:
        self._topics: dict[str, tuple[int, str]] = {}
        self._last_change = 0
        self._bell = asyncio.Event()
        self._is_closed = False

    def post(self, topic: str, state: object) -> None:
        """Replaces the state of a topic, and rings for those who look if it is another one."""
        text = json.dumps(state)
        if topic in self._topics and self._topics[topic][1] == text:
            return
        self._last_change += 1
        self._topics[topic] = (self._last_change, text)
        self._ring()

    def close(self) -> None:
        """Ends all streams."""
        self._is_closed = True
        self._ring()

    async def stream(self) -> AsyncIterator[str]:
        """Server-sent events: the state of each topic, and from then on each that changes."""
        yield "retry: 1000\n\n"
        sent = 0
        while not self._is_closed:
            # Whatever changes while a slow browser takes these rings this very bell.
            bell = self._bell
            news = [(topic, text) for topic, (change, text) in self._topics.items() if change > sent]
            sent = self._last_change
            for topic, text in news:
                yield f"event: {topic}\ndata: {text}\n\n"
            await bell.wait()

    def _ring(self) -> None:
        self._bell.set()
        self._bell = asyncio.Event()
