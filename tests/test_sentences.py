"""Sentences know which of their parts are groups, and read like any other text."""

from __future__ import annotations

import json

import pytest

from imagenomer.errors import InputError
from imagenomer.groups.sentence import Sentence, mention, spelled_out, whose
from imagenomer.jsonable import dumps


def test_a_sentence_reads_as_its_parts_with_groups_in_normal_form():
    sentence = Sentence("40 subjects (", *whose("sex=='F'"), ").")
    assert sentence == '40 subjects (group sex == "F").'
    assert Sentence("40 subjects (", *whose(None), ").") == "40 subjects (everybody)."


def test_the_page_gets_the_parts_and_a_plain_text_as_it_is():
    sentence = Sentence("Trained on ", mention("age>3"), ".")
    assert json.loads(dumps(spelled_out(sentence))) == ["Trained on ", {"group": "age > 3"}, "."]
    assert spelled_out("Nothing was left out.") == "Nothing was left out."
    assert json.loads(dumps({"sentences": [sentence]})) == {"sentences": ["Trained on age > 3."]}


def test_a_group_that_is_not_understood_is_refused():
    with pytest.raises(InputError):
        whose("age >")
