"""Numbers, counts and sizes as people read them."""

from imagenomer.wording import cell, decimals_of, grouped, named, number, plural, probability, size


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
    assert size(3_200_000_000) == "3.2 GB"
    assert size(140_737_500_000_000) == "140.7 TB"


def test_a_tiny_probability_is_a_power_of_ten_and_none_is_zero():
    for value, words in (
        (0, "< 1e−300"),
        (1.2e-7, "1.2e−7"),
        (1.25e-121, "1.2e−121"),
        (0.0312, "0.0312"),
        (0.99999, "1"),
    ):
        assert probability(value) == words, value


def test_a_column_of_numbers_lines_up_where_they_are_alike():
    assert decimals_of([1, 2.0, None]) == 0
    assert decimals_of([0.12345, -0.5]) == 4
    assert decimals_of([12.5, 3.25]) == 2
    assert decimals_of([1234.5, 0.1]) is None
    assert decimals_of([float("nan"), None]) == 0


def test_a_cell_is_written_as_its_column_says():
    assert cell(None, "number", 2) == "–"
    assert cell(float("inf"), "number", 2) == cell(float("nan"), "p", None) == "–"
    assert cell("beyond", "number", 2) == "beyond"
    assert cell(-0.5, "number", 2) == "−0.50"
    assert cell(-0.5, "mixed", None) == "−0.5"
    assert cell(1e-9, "p", 4) == "1.0e−9"
    assert cell("DMN", "text", 0) == "DMN"
    assert cell(7, "text", 0) == "7"


def test_a_sentence_calls_groups_by_their_names_and_leaves_other_text_alone():
    sentence = ["40 subjects (group ", {"group": 'sex == "F"'}, '), of (group sex == "F")']
    assert named(sentence, {'sex == "F"': "Women"}) == '40 subjects (group Women), of (group sex == "F")'
    assert named(sentence, {}) == '40 subjects (group sex == "F"), of (group sex == "F")'
    assert named('(group sex == "F")', {'sex == "F"': "Women"}) == '(group sex == "F")'
