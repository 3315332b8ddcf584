"""Names: what may stand in a text that comes from a file and is shown, drawn, printed and written.

Control characters break SVG and PDF and are obeyed by terminals, marks of direction make a name read as another, and a
byte order mark or a blank of no width makes two names that look the same. None of them is part of a name.
"""

from __future__ import annotations

import re

#: What ends a line or moves on, wherever it stands: a blank in a name.
_BLANKS = "\\t-\\r\\x1c-\\x1f\\x85\\u2028\\u2029"
#: What shows nothing: controls, the soft hyphen, marks of direction, blanks of no width (not the joiners of scripts
#: that need them), the byte order mark, annotations, tags.
_UNSEEN = (
    "\\x00-\\x08\\x0e-\\x1b\\x7f-\\x84\\x86-\\x9f\\xad\\u061c\\u180e\\u200b\\u200e\\u200f\\u202a-\\u202e\\u2060-\\u206f"
    "\\ufeff\\ufff9-\\ufffb\\U000e0000-\\U000e007f"
)
#: What is no character: half of a surrogate pair, and the places that Unicode leaves empty for good.
_IMPOSSIBLE = "\\ud800-\\udfff\\ufdd0-\\ufdef" + "".join(f"\\U{plane:04x}fffe\\U{plane:04x}ffff" for plane in range(17))

_UNCLEAN = re.compile(f"[{_BLANKS}{_UNSEEN}{_IMPOSSIBLE}]")
_RUN_OF_BLANKS = re.compile(f"[ {_BLANKS}]*[{_BLANKS}][ {_BLANKS}]*")
_INVISIBLE = re.compile(f"[{_UNSEEN}]+")
_NO_CHARACTER = re.compile(f"[{_IMPOSSIBLE}]")


def clean_name(text: str) -> str:
    """Return a text from a file as it may be shown; one that is fit for it already comes back as it is.

    Line breaks and tabs become a blank, what shows nothing is taken out, and what is no character at all becomes
    U+FFFD. Nothing may be left.
    """
    if text.isprintable() or not _UNCLEAN.search(text):
        return text
    text = _RUN_OF_BLANKS.sub(" ", _INVISIBLE.sub("", text))
    return _NO_CHARACTER.sub("\ufffd", text).strip()


def spelled_out(text: str) -> str:
    """Return a text with what `clean_name` would change written as its code: "age[U+0007]"."""
    return _UNCLEAN.sub(lambda found: f"[U+{ord(found.group()):04X}]", text)


def clean_message(text: str) -> str:
    """Return a message that may quote a file as it may be printed: line by line as `clean_name` does it."""
    return text if text.isprintable() else "\n".join(map(clean_name, text.split("\n")))
