"""Families: files alike but for the names of subject, session, task and run. Ten thousand files are a few of them.

A name is cut at "/" and "_". Parts such as ``sub-01`` say what they are; without them the part that differs most from
file to file is taken for the subject, and every other difference makes another family.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from imagenomer.cohort import natural_key
from imagenomer.readers.listing import Entry, Listing

#: Of BIDS: what a part of a name says of its scan.
_ENTITIES = {"sub": "subject", "ses": "session", "task": "task", "run": "run"}
_ENTITY = re.compile(r"(sub|ses|task|run)-([A-Za-z0-9+.]+)")
#: Endings of several parts.
_ENDINGS = re.compile(r"\.(nii\.gz|tsv\.gz|csv\.gz|vcf\.gz|p(conn|tseries)\.nii|[^./]*)$", re.IGNORECASE)
#: Share of the names with the commonest form from which on the others are strangers.
_USUAL = 0.6


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a family, and the scan that its name tells; "" where it tells no such thing."""

    entry: Entry
    subject: str = ""
    session: str = ""
    task: str = ""
    run: str = ""

    @property
    def path(self) -> str:
        return self.entry.path


@dataclass(frozen=True, slots=True)
class Family:
    """Files alike but for what is "*" in the pattern.

    Attributes
    ----------
    pattern : str
        Such as ``sub-*/ses-*/func/sub-*_ses-*_task-*_relmat.tsv``; the path of a file that is alone.
    extension : str
        In lower case, without the dot.
    members : tuple of Member
        In natural order of their paths.
    """

    pattern: str
    extension: str
    members: tuple[Member, ...]

    @property
    def name(self) -> str:
        """The last part of the pattern, without its ending."""
        last = self.pattern.rpartition("/")[2]
        return last[: -len(self.extension) - 1] if self.extension else last

    def split(self) -> list[Family]:
        """Return each file as a family of its own."""
        if len(self.members) == 1:
            return [self]
        return [Family(member.path, self.extension, (Member(member.entry),)) for member in self.members]


def families_of(listing: Listing) -> list[Family]:
    """Return the families of the files of a listing, in natural order."""
    shapes: dict[tuple[str, ...], list[list[str]]] = defaultdict(list)
    for path in listing:
        parts = _parts(path)
        shapes[(*map(_shape, parts[:-1]), parts[-1].lower())].append(parts)
    families = []
    for named in shapes.values():
        for pattern, alike, place in _alike(named):
            members = [_member(listing["".join(parts)], parts, place) for parts in alike]
            members.sort(key=lambda member: natural_key(member.path))
            families.append(Family(pattern, named[0][-1].lower().lstrip("."), tuple(members)))
    return sorted(families, key=lambda family: natural_key(family.pattern))


def entities_of(path: str) -> dict[str, str]:
    """Return session, task and run as the last part of a path names them; "" where it does not."""
    found = dict.fromkeys(("session", "task", "run"), "")
    for part in re.split(r"[_.]", path.rpartition("/")[2]):
        match = _ENTITY.fullmatch(part)
        if match is not None and match[1] != "sub":
            found[_ENTITIES[match[1]]] = match[2]
    return found


def _parts(path: str) -> list[str]:
    """Cut a path at "/" and "_", which stay as parts of their own; its ending is the last part."""
    ending = _ENDINGS.search(path)
    stem = path if ending is None else path[: ending.start()]
    return [*(part for part in re.split(r"([/_])", stem) if part), path[len(stem) :]]


def _shape(part: str) -> str:
    """Return what must be the same for two files to be alike: separators, and which entity a part is."""
    if part in ("/", "_"):
        return part
    found = _ENTITY.fullmatch(part)
    return "?" if found is None else found[1]


def _alike(named: list[list[str]]) -> list[tuple[str, list[list[str]], int | None]]:
    """Return pattern, files and the place of the subject's name of each family among files of one shape."""
    shapes = [_shape(part) for part in named[0][:-1]]
    free = [place for place, shape in enumerate(shapes) if shape == "?"]
    distinct = {place: len({parts[place] for parts in named}) for place in free}
    subject = None
    if "sub" not in shapes and free and max(distinct.values()) > 1:
        subject = max(free, key=lambda place: (distinct[place], -place))
        usual = _usual_form(named, subject)
        strangers = [parts for parts in named if _form(parts[subject]) != usual]
        if usual is not None and strangers:
            named = [parts for parts in named if _form(parts[subject]) == usual]
            return [*_alike(named), *(("".join(parts), [parts], None) for parts in strangers)]
    masked = {place for place in free if subject is not None and _same(named, place, subject)}
    families: dict[str, list[list[str]]] = defaultdict(list)
    for parts in named:
        shown = [f"{shape}-*" if shape in _ENTITIES else part for shape, part in zip(shapes, parts, strict=False)]
        families["".join("*" if place in masked else part for place, part in enumerate(shown)) + parts[-1]].append(
            parts
        )
    return [
        (pattern, alike, subject) if len(alike) > 1 or subject is None else ("".join(alike[0]), alike, None)
        for pattern, alike in families.items()
    ]


def _form(text: str) -> str:
    """Return a name with its numbers masked."""
    return re.sub(r"[0-9]+", "#", text)


def _usual_form(named: list[list[str]], place: int) -> str | None:
    """Return the form that most names have, where it is one with a number."""
    form, n = Counter(_form(parts[place]) for parts in named).most_common(1)[0]
    return form if "#" in form and n >= _USUAL * len(named) else None


def _same(named: list[list[str]], place: int, subject: int) -> bool:
    """Whether a part of the name is the subject's too, such as a folder for each."""
    pairs = {(parts[place], parts[subject]) for parts in named}
    n = len({parts[subject] for parts in named})
    return place == subject or (len(pairs) == n and len({parts[place] for parts in named}) == n)


def _member(entry: Entry, parts: Sequence[str], subject: int | None) -> Member:
    found = {}
    for part in parts[:-1]:
        match = _ENTITY.fullmatch(part)
        if match is not None:
            found[_ENTITIES[match[1]]] = part if match[1] == "sub" else match[2]
    if subject is not None:
        found["subject"] = parts[subject]
    return Member(entry, **found)
