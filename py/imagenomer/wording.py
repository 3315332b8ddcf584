"""Wording: numbers, counts, sizes and probabilities as people read them, alike in the page and in what it exports.

The page's MicroPython runs this file too. So it imports nothing, and holds what both languages share.
"""

#: Numbers of a report that are shown large, and what they are called; the sentences have the others.
KEY_NUMBERS = (
    ("n_subjects", "Subjects"),
    ("n_scans", "Scans"),
    ("dof", "Degrees of freedom"),
    ("n_tests", "Tests"),
    ("n_significant", "Significant"),
)
#: Where there is no value.
NOTHING = "–"


def number(value: float | None, digits: int = 4) -> str:
    """Write a number with so many significant digits, and no more zeros than it needs; a dash where there is none."""
    if value is None or not is_number(value):
        return NOTHING
    if abs(value) < 1e15 and value == int(value):
        return grouped(int(value))
    if 10 ** (digits - 1) <= abs(value) < 1e15:
        return grouped(round(value))
    return minus(f"{value:.{digits}g}")


def minus(text: str) -> str:
    """Write the hyphens of formatted numbers as minus signs: "−0.5" for "-0.5"."""
    return text.replace("-", "−")


def grouped(count: int) -> str:
    """Write a whole number with thousands separated."""
    digits = str(abs(count))
    groups: list[str] = []
    while digits:
        groups.insert(0, digits[-3:])
        digits = digits[:-3]
    return ("−" if count < 0 else "") + ",".join(groups)


def plural(count: int, noun: str) -> str:
    """Write a count and its noun: "1 scan", "2 scans"."""
    return f"{grouped(count)} {noun}" + ("" if count == 1 else "s")


def size(n_bytes: float) -> str:
    """Write a number of bytes."""
    if n_bytes < 1e6:
        return f"{round(n_bytes / 1e3)} kB"
    for unit, name in ((1e6, "MB"), (1e9, "GB")):
        if n_bytes < 1e3 * unit:
            return f"{n_bytes / unit:.1f} {name}"
    return f"{n_bytes / 1e12:.1f} TB"


def probability(value: float) -> str:
    """Write a probability, a tiny one in powers of ten: "0.0312", "1.2e−7"."""
    if value == 0:
        return "< 1e−300"
    if value >= 0.001:
        return f"{value:.4f}" if value < 0.99995 else "1"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e−{-int(exponent)}"


def cell(value: object, kind: str, decimals: int | None) -> str:
    """Write a value of a table.

    Parameters
    ----------
    value : object
    kind : str
        That of its column: "text", "integer", "number", "mixed" or "p".
    decimals : int or None
        Digits after the point that line up a column of kind "number" (`decimals_of`); None: as many as the value needs.
    """
    if kind == "text" or isinstance(value, (str, bool)):
        return NOTHING if value is None else str(value)
    if not is_number(value):
        return NOTHING
    if kind == "p":
        return probability(value)  # type: ignore[arg-type]
    if kind == "number" and decimals is not None:
        return minus(f"{value:.{decimals}f}")
    return number(value)  # type: ignore[arg-type]


def decimals_of(values: list[object]) -> int | None:
    """Return the digits after the point that line up a column; None where its values differ too much for that."""
    sizes: list[float] = [abs(value) for value in values if is_number(value) and value]  # type: ignore[arg-type]
    if not sizes or all(size == int(size) for size in sizes):
        return 0
    largest = max(sizes)
    if largest >= 100 and min(sizes) < largest / 100:
        return None
    # Four significant ones for the largest.
    return max(4 - len(str(int(largest))), 1) if largest >= 1 else 4


def is_number(value: object) -> bool:
    """Return whether a value is a number that can be written; what is not defined or infinite is shown as nothing."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value - value == 0


def named(sentence: "str | list[str | dict[str, str]]", names: dict[str, str]) -> str:
    """Write a sentence with groups by their names.

    Parameters
    ----------
    sentence : str or list
        Text, or its parts one after another, of which groups are ``{"group": expression}``.
    names : dict of str to str
        Expression to name; a group that has none is written as its expression.
    """
    if isinstance(sentence, str):
        return sentence
    return "".join(part if isinstance(part, str) else names.get(part["group"], part["group"]) for part in sentence)


#: What spreadsheets take for the beginning of a formula, also in the wide forms of East Asian keyboards.
_FORMULA = "=+-@＝＋－＠"


def without_formula(text: str) -> str:
    """Return a text as a spreadsheet shows it and never runs it; what is a number, such as "-0.5", stays as it is.

    Names come from data, and data from anywhere: "=HYPERLINK(…)" as a subject's name would run where its table is
    opened. An apostrophe goes before what begins like a formula, whatever blanks are before it, also where apostrophes
    are before that already: so nothing else looks like it, and taking one away gives the text back (docs/privacy.md,
    "Tables"). So it does before a tab or a line break, which some take for the beginning of another cell.
    """
    bare = text.lstrip("'")
    first, visible = bare[:1], bare.lstrip()[:1]
    begins = (first != "" and first in "\t\r\n") or (visible != "" and visible in _FORMULA)
    return f"'{text}" if begins and not _is_decimal(text) else text


def _is_decimal(text: str) -> bool:
    """Whether a text is a number in digits, with a sign, a point and an exponent or without."""
    mantissa, *exponents = text.replace("E", "e").split("e")
    if len(exponents) > 1 or (exponents and not _are_digits(_unsigned(exponents[0]))):
        return False
    whole, *parts = _unsigned(mantissa).split(".")
    return len(parts) < 2 and _are_digits(whole + "".join(parts))


def _unsigned(text: str) -> str:
    return text[1:] if text[:1] in ("+", "-") else text


def _are_digits(text: str) -> bool:
    return text != "" and all(character in "0123456789" for character in text)
