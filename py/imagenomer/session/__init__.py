"""Session: what is on screen as one file without a value of any subject, to go on from with the same data.

It is JSON, see ``site/docs/session.md``, and holds choices: how the files were read, what was said of columns, groups,
saved maps, forms, and the results that were kept with the user's notes. `read_session` checks all that can be checked
before there is a cohort; `subject_level` says what of it would name or list subjects.
"""

from __future__ import annotations

from imagenomer.session.computing import cohort_of, computed_session
from imagenomer.session.reading import ENDING, FORMAT, VERSION, read_session
from imagenomer.session.subject_level import Naming, subject_level, without_subjects
from imagenomer.session.writing import session_bytes, settled_session

__all__ = [
    "ENDING",
    "FORMAT",
    "VERSION",
    "Naming",
    "cohort_of",
    "computed_session",
    "read_session",
    "session_bytes",
    "settled_session",
    "subject_level",
    "without_subjects",
]
