"""Explanations: what a method, an option or a heading means, in two sentences, and where the documents say more.

All texts stand in this package and nowhere else; the page asks for one when somebody presses "?" beside a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from imagenomer.explanations.choices import METHODS_OF_OPTIONS
from imagenomer.explanations.columns import HEADINGS, KEYS
from imagenomer.explanations.guide import TOPICS, Question
from imagenomer.explanations.methods import METHODS
from imagenomer.explanations.model_options import MODEL_OPTIONS
from imagenomer.explanations.options import OPTIONS

__all__ = ["TOPICS", "Explanation", "Question", "explain_column", "explain_method", "explain_option"]

#: Where what no text is about is looked up.
_GLOSSARY = "glossary"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What something means.

    Attributes
    ----------
    text : str
        One or two sentences; "": nothing is written about it.
    choices : tuple of (str, str)
        Name and meaning of each method that an option offers, where they are methods.
    document, section : str
        The document that says more, and the fragment of its section, or "".
    """

    text: str
    choices: tuple[tuple[str, str], ...] = ()
    document: str = _GLOSSARY
    section: str = ""


def _placed(text: str, place: str, choices: tuple[tuple[str, str], ...] = ()) -> Explanation:
    document, _, section = place.partition("#")
    return Explanation(text, choices, document, section)


def explain_method(analysis: str) -> Explanation:
    """Say what an analysis is for; of one that no text is about, nothing."""
    return _placed(*METHODS.get(analysis, ("", _GLOSSARY)))


def explain_option(analysis: str, option: str, offered: Sequence[tuple[str, str]] = ()) -> Explanation:
    """Say what an option of an analysis is for.

    Parameters
    ----------
    analysis, option : str
        Names, as on the command line.
    offered : sequence of (str, str)
        Value and title of what can be chosen.
    """
    known = {**OPTIONS, **MODEL_OPTIONS}
    text, place = known.get(f"{analysis}.{option}", known.get(option, ("", "")))
    methods = METHODS_OF_OPTIONS.get(option, {})
    choices = tuple((title, methods[value]) for value, title in offered if value in methods)
    return _placed(text, place or METHODS.get(analysis, ("", _GLOSSARY))[1], choices)


def explain_column(analysis: str, key: str, heading: str) -> Explanation:
    """Say what a column of a table means, by its heading, or by its key where the heading is made up of names.

    A key may have a suffix of its own behind "_", as for several terms of a model.
    """
    text = HEADINGS.get(heading, "")
    if not text:
        known = [known for known in KEYS if key == known or key.startswith(f"{known}_")]
        text = KEYS[max(known, key=len)] if known else ""
    return _placed(text, METHODS.get(analysis, ("", _GLOSSARY))[1])
