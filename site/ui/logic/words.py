"""Words: numbers, counts and sizes as people read them."""


def number(value, digits=4):
    """Write a number with so many significant digits, and no more zeros than it needs; a dash where there is none."""
    if value is None:
        return "–"
    if abs(value) < 1e15 and value == int(value):
        return grouped(int(value))
    if 10 ** (digits - 1) <= abs(value) < 1e15:
        return grouped(round(value))
    return f"{value:.{digits}g}".replace("-", "−")


def grouped(count):
    """Write a whole number with thousands separated."""
    digits = str(abs(count))
    groups = []
    while digits:
        groups.insert(0, digits[-3:])
        digits = digits[:-3]
    return ("−" if count < 0 else "") + ",".join(groups)


def plural(count, noun):
    """Write a count and its noun: "1 scan", "2 scans"."""
    return f"{grouped(count)} {noun}" + ("" if count == 1 else "s")


def size(n_bytes):
    """Write a number of bytes."""
    if n_bytes < 1e6:
        return f"{round(n_bytes / 1e3)} kB"
    return f"{n_bytes / 1e6:.1f} MB"
