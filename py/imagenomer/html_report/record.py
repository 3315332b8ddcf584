"""Record: what an HTML report writes down, and how text enters it."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from imagenomer.analyses.contract import Analysis, Report
from imagenomer.cohort import Cohort
from imagenomer.downloads import stem
from imagenomer.groups.sentence import spelled_out
from imagenomer.wording import named

#: Name, expression and colour of each group.
Groups: TypeAlias = Sequence[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Record:
    """What is written down: a result, what it is a result of, and the script that computes it again.

    Attributes
    ----------
    analysis : Analysis
    cohort : Cohort
    params, result : object
    report : Report
    script : str
    groups : sequence of (str, str, str)
        Name, expression and colour, as the page shows them.
    n_parts : int
        Parts that are done, of an analysis in parts.
    """

    analysis: Analysis
    cohort: Cohort
    params: Any
    result: Any
    report: Report
    script: str
    groups: Groups = ()
    n_parts: int = 0

    def named(self, sentence: str) -> str:
        """Return a sentence in which groups have the names that the page gives them."""
        return named(spelled_out(sentence), {expression: name for name, expression, _ in self.groups})


def escaped(text: str) -> str:
    return html.escape(text, quote=True)


def stopped(sentence: str) -> str:
    """Return what stands below a figure in lines as sentences."""
    sentence = re.sub(r"(?<![.;:,])\n", "; ", sentence.strip()).replace("\n", " ")
    return sentence if not sentence or sentence.endswith((".", "?", "!")) else f"{sentence}."


def anchor(name: str) -> str:
    return f"view-{stem(name)}"
