"""A name holds what can be seen, and nothing that breaks a picture, is obeyed by a terminal or hides."""

from __future__ import annotations

import unicodedata
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagenomer.errors import InputError
from imagenomer.names import clean_message, clean_name, spelled_out

anything = st.text(st.characters(), max_size=20)


@pytest.mark.parametrize(
    ("found", "clean"),
    [
        ("age", "age"),
        (" padded ", " padded "),
        ("Größe Ω 年齢 👨‍👩‍👧 می‌خواهم", "Größe Ω 年齢 👨‍👩‍👧 می‌خواهم"),  # joiners stay: the script needs them
        ("a\u00a0b", "a\u00a0b"),
        ("a\x01b\x07c\x00", "abc"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("\ufeffage", "age"),
        ("a\r\n\tb", "a b"),
        ("first line\u2028second", "first line second"),
        ("\u202etxt.exe", "txt.exe"),
        ("a\u200bb\u00adc\u2066d\u2069", "abcd"),
        ("a\ud800b\udfff", "a\ufffdb\ufffd"),
        ("a\uffffb\ufdd0\U0010ffff", "a\ufffdb\ufffd\ufffd"),
        ("\u200b", ""),
        ("\n", ""),
    ],
)
def test_what_has_no_place_in_a_name_is_taken_out(found, clean):
    assert clean_name(found) == clean


@given(anything)
@settings(max_examples=500, deadline=None)
def test_a_clean_name_is_whole_utf8_and_xml_on_one_line(text):
    clean = clean_name(text)
    assert clean_name(clean) == clean
    assert clean.encode("utf-8").decode("utf-8") == clean
    assert ElementTree.fromstring(f"<t>{escape(clean)}</t>").text in (clean, None)
    assert len(f"a{clean}b".splitlines()) == 1
    assert not any(unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp") for one in clean)
    assert not any(unicodedata.bidirectional(one) in ("LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI") for one in clean)


@given(st.text(st.characters(categories=("L", "M", "N", "P", "S")), max_size=20))
def test_letters_digits_and_signs_stay(text):
    assert clean_name(text) == text == spelled_out(text)


def test_what_is_taken_out_can_be_named():
    assert spelled_out("a\x07ge\ufeff\ud800") == "a[U+0007]ge[U+FEFF][U+D800]"


def test_a_message_keeps_its_lines_and_nothing_else_that_a_terminal_obeys():
    assert clean_message("no field 'a\x1b[2J'\n  at:  ^") == "no field 'a[2J'\n  at:  ^"
    assert str(InputError("\x1b[31mred\x07")) == "[31mred"
