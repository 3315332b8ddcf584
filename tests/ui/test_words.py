"""Numbers, counts and sizes as people read them."""

from logic.words import grouped, number, plural, size


def test_a_number_has_its_significant_digits_and_no_zeros_beyond_them():
    for value, words in (
        (None, "–"),
        (0, "0"),
        (3.0, "3"),
        (-2.5, "−2.5"),
        (0.123456, "0.1235"),
        (12345.6, "12,346"),
        (1234.5678, "1,235"),
        (999.96, "1000"),
        (-1e-7, "−1e−07"),
    ):
        assert number(value) == words, value
    assert number(0.123456, 2) == "0.12"


def test_thousands_are_separated():
    for count, words in ((0, "0"), (999, "999"), (1000, "1,000"), (34716, "34,716"), (-1234567, "−1,234,567")):
        assert grouped(count) == words


def test_one_has_no_plural():
    assert plural(1, "scan") == "1 scan"
    assert plural(0, "scan") == "0 scans"
    assert plural(1500, "subject") == "1,500 subjects"


def test_a_size_is_told_in_kilobytes_and_megabytes():
    assert size(1499) == "1 kB"
    assert size(999_999) == "1000 kB"
    assert size(12_340_000) == "12.3 MB"
