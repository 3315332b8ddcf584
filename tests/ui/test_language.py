"""A language says what it has, and English the rest; what belongs to the data is left alone."""

from logic import language

SPANISH = {
    "texts": {"Run": "Calcular", "verb::Type": "Escribir", "{n} of {all}": "{n} de {all}"},
    "nouns": {"scan": ["exploración", "exploraciones"]},
}


def in_spanish(function):
    """What a function returns while Spanish is spoken."""
    language.speak(SPANISH)
    try:
        return function()
    finally:
        language.speak(None)


def test_a_language_says_what_it_has_and_english_the_rest():
    def said():
        return [
            language.say("Run"),
            language.say("{n} of {all}", n=3, all=9),
            language.say("Stop"),
            language.known("Run"),
            language.known("Groups"),
        ]

    assert in_spanish(said) == ["Calcular", "3 de 9", "Stop", "Calcular", "Groups"]


def test_one_english_word_for_two_things_has_two_words():
    assert in_spanish(lambda: [language.say("Type", "verb"), language.say("Type")]) == ["Escribir", "Type"]


def test_counts_have_the_singular_and_the_plural_of_the_language():
    assert in_spanish(lambda: language.plural(1, "scan")) == "1 exploración"
    assert in_spanish(lambda: language.plural(2490, "scan")) == "2,490 exploraciones"
    assert in_spanish(lambda: language.plural(2, "map")) == "2 maps"


def test_english_is_what_stands_in_the_code():
    assert language.say("Run") == "Run"
    assert language.say("Type", "verb") == "Type"
    assert language.say("{n} of {all}", n=1, all=2) == "1 of 2"
    assert language.plural(1, "scan") == "1 scan"


def test_only_the_texts_of_an_answer_are_said_in_the_language():
    field = {"label": "Run", "default": "Run", "options": [["Run", "Run"]]}
    answer = [{"name": "Run", "title": "Run", "fields": [field]}]
    said = {"label": "Calcular", "default": "Run", "options": [["Run", "Calcular"]]}
    assert in_spanish(lambda: language.described(answer)) == [{"name": "Run", "title": "Calcular", "fields": [said]}]


def test_a_sentence_of_the_page_keeps_its_elements():
    nodes = ["\n  Your files: ", None, " and\n ", None, ".\n"]
    assert language.sentence_of(nodes) == "Your files: {0} and {1}."
    assert language.pieces_of("{1} y {0}.") == [1, " y ", 0, "."]
    assert language.sentence_of([" \n ", None, "\n"]) == ""
