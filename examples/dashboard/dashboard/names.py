"""How strangers' bytes are shown: as text, with an escape in place of whatever is not a character or plays tricks."""

import re
from typing import TypedDict

LONGEST = 200
"""Characters of a name that are shown."""

# Control characters, and those that have no shape of their own but change how the text around them reads: line separators,
# directions and their overrides, zero widths, tags. The two joiners stay, scripts and emoji need them. The last range are bytes
# that are no UTF-8, as `surrogateescape` decodes them.
_ESCAPED = re.compile(
    "([\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e0fff\udc80-\udcff])"
)


class Name(TypedDict):
    """A name for the page."""

    parts: list[str]
    """Text and escapes in turn, beginning with text, so that an escape is not mistaken for a name that looks like one."""
    bytes: int
    """The length of the whole name."""
    is_cut: bool


def shown(name: bytes | str) -> Name:
    """A name as the page shows it."""
    raw = name if isinstance(name, bytes) else name.encode(errors="surrogatepass")
    text = raw.decode(errors="surrogateescape")
    parts: list[str] = _ESCAPED.split(text[:LONGEST])
    parts[1::2] = map(_escape, parts[1::2])
    return Name(parts=parts, bytes=len(raw), is_cut=len(text) > LONGEST)


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
