"""Results that were kept, in the order and with the words of the user."""

from logic.notebook import LONGEST, Notebook

VIEW = {"analysis": "edge-association", "params": {"phenotype": "age"}, "edge": None, "shapes": None}


def names(book):
    return [entry["name"] for entry in book.entries]


def a_book():
    book = Notebook()
    for phenotype in ("age", "sex", "wrat"):
        book.keep("Edge association", dict(VIEW, params={"phenotype": phenotype}))
    return book


def test_what_is_kept_twice_is_one_and_what_differs_has_another_name():
    book = a_book()
    assert names(book) == ["Edge association", "Edge association (2)", "Edge association (3)"]
    entry, is_new = book.keep("Edge association", VIEW)
    assert not is_new
    assert entry is book.entries[0]
    entry, is_new = book.keep("Edge association", dict(VIEW, edge=5, shapes={"r": "ring"}))
    assert is_new
    assert (entry["edge"], entry["shapes"]) == (5, {"r": "ring"})
    assert "edge" not in book.entries[0]
    long, _ = book.keep("x" * 200, dict(VIEW, edge=6))
    longer, _ = book.keep("x" * 200, dict(VIEW, edge=7))
    assert len(long["name"]) == len(longer["name"]) == LONGEST
    assert long["name"] != longer["name"]


def test_entries_move_and_go():
    book = a_book()
    first, second, third = book.entries
    book.move(first, -1)
    assert book.entries == [first, second, third]
    book.move(third, 1)
    assert book.entries == [first, second, third]
    book.move(third, -1)
    assert book.entries == [first, third, second]
    book.move(first, 1)
    assert book.entries == [third, first, second]
    book.remove(first)
    assert book.entries == [third, second]


def test_a_name_is_refused_in_words():
    book = a_book()
    first = book.entries[0]
    assert book.fault(first["name"], first) is None
    assert book.fault("  ", first) == "A result needs a name."
    assert "at most 80" in book.fault("x" * 81, first)
    assert book.fault("Edge association (2)", first) == "Another result is called Edge association (2)."
    book.rename(first, "Age")
    assert names(book)[0] == "Age"


def test_a_notebook_comes_back_as_it_was_saved_and_knows_what_is_not():
    book, other = a_book(), Notebook()
    assert book.changed
    book.write(book.entries[1], "weaker")
    book.write(None, "of everything")
    other.take_over(book.saved(), book.notes)
    assert other.entries == book.entries
    assert other.notes == "of everything"
    assert not other.changed
    other.write(other.entries[1], "stronger")
    assert other.changed
    assert book.entries[1]["note"] == "weaker", "they share nothing"
