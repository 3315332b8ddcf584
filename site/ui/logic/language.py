"""Language: what the page says, in the language that was chosen.

The code is written in English, and its texts are the keys to all others: ``say("Run")``, ``say("{done} of {parts} parts
are done", done=3, parts=9)``. A language is one file, ``site/languages/NAME.json``; what it lacks is said in English.
Names that come from data never go through here, so that a column called "Groups" is called that in every language.
"""

from imagenomer.wording import grouped
from imagenomer.wording import plural as english_plural

#: Between the sense of a text and the text, where English has one word for two things.
_OF = "::"


class Language:
    """A language of the page.

    Attributes
    ----------
    texts : dict of str to str
        English to this language, with the same ``{places}``.
    nouns : dict of str to list of str
        English singular to singular and plural.
    """

    def __init__(self, catalogue=None):
        catalogue = catalogue or {}
        self.texts = catalogue.get("texts", {})
        self.nouns = catalogue.get("nouns", {})


_spoken = [Language()]


def speak(catalogue):
    """Speak the language of a catalogue, None for English; what was said before stays as it was said."""
    _spoken[0] = Language(catalogue)


def say(english, sense="", **values):
    """Say a text of the page, with values in its ``{places}``.

    Parameters
    ----------
    english : str
        As it stands in the code: a literal, so that a test finds it (tests/ui/test_texts.py).
    sense : str
        Which meaning of the English it is, where there are several: ``say("Type", "verb")``.
    """
    key = sense + _OF + english if sense else english
    words = _spoken[0].texts.get(key, english)
    return words.format(**values) if values else words


def sentence_of(nodes):
    """The key of what stands in an element: its texts, with ``{0}``, ``{1}`` … for the elements among them.

    Parameters
    ----------
    nodes : list of str or None
        What is in the element, one after another; None is an element.

    Returns
    -------
    str
        Empty where there is no text.
    """
    if not any(node is not None and node.strip() for node in nodes):
        return ""
    words, n_elements = "", 0
    for node in nodes:
        if node is None:
            words += "{" + str(n_elements) + "}"
            n_elements += 1
        else:
            words += node
    return " ".join(words.split())


def pieces_of(sentence):
    """The texts of a sentence, and the numbers of the elements among them, one after another."""
    first, *others = sentence.split("{")
    pieces = [first]
    for other in others:
        number, _, words = other.partition("}")
        pieces += [int(number), words]
    return [piece for piece in pieces if piece != ""]


def known(english):
    """Say a text that the engine has written down for the page, such as the title of an analysis."""
    return _spoken[0].texts.get(english, english)


#: What the engine says of analyses and questions in the page's words: keys of its answers.
DESCRIBED = ("title", "summary", "label", "help", "section", "lacking", "none_option", "whole", "text")


def described(entry):
    """Say what the engine has written down about analyses or questions: its answer, with the texts of `DESCRIBED`."""
    if isinstance(entry, list):
        return [described(one) for one in entry]
    if not isinstance(entry, dict):
        return entry
    said = {}
    for key, value in entry.items():
        if key == "options":
            said[key] = [[option, known(label)] for option, label in value]
        else:
            said[key] = known(value) if key in DESCRIBED and isinstance(value, str) else described(value)
    return said


def plural(count, noun):
    """Say a count and its noun: "1 scan", "2 scans"."""
    nouns = _spoken[0].nouns.get(noun)
    if nouns is None:
        return english_plural(count, noun)
    return f"{grouped(count)} {nouns[0] if count == 1 else nouns[1]}"
