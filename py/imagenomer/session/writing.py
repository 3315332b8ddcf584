"""Writing: a session as the bytes of its file."""

from __future__ import annotations

from imagenomer import __version__
from imagenomer.jsonable import dumps
from imagenomer.session.reading import FORMAT, VERSION, read_session
from imagenomer.types import Json, JsonObject


def settled_session(session: JsonObject) -> dict[str, Json]:
    """Return a session of this program as `read_session` returns it.

    Raises
    ------
    InputError
        If it could not be read again.
    """
    whole = {**session, "format": FORMAT, "version": VERSION, "program": __version__}
    return read_session(dumps(whole).encode("utf-8", "replace"), "the session")


def session_bytes(session: JsonObject) -> bytes:
    """Return a session, as `settled_session` returns it, as JSON in UTF-8."""
    return f"{dumps(session, indent=2)}\n".encode()
