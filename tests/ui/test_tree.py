"""Names that are paths, ticked one by one or a folder at a time."""

from logic.tree import is_in, tree_of

NAMES = ["a/x", "a/y", "b/c/1", "b/c/2", "b/d", "e"]


def test_a_folder_holds_what_is_below_it_and_not_what_begins_like_it():
    assert is_in("a/x", "a")
    assert is_in("a", "a")
    assert not is_in("ab/x", "a")


def test_the_fewest_paths_say_what_is_ticked():
    for chosen, fewest, n_ticked in (
        ([], [], 0),
        (["a"], ["a"], 2),
        (["a/x", "a/y"], ["a"], 2),
        (["b/c/1"], ["b/c/1"], 1),
        (["b/c", "b/d"], ["b"], 3),
        (["b/c", "e"], ["b/c", "e"], 3),
        (["elsewhere"], [], 0),
    ):
        top = tree_of(NAMES, chosen)
        assert top.fewest() == fewest
        assert top.count() == (n_ticked, 6)


def test_everything_is_said_by_the_folders_at_the_top():
    assert tree_of(NAMES, NAMES).fewest() == ["a", "b", "e"]


def test_a_folder_is_ticked_with_all_in_it():
    top = tree_of(NAMES, [])
    top.find("b").tick(True)
    assert top.fewest() == ["b"]
    top.find("b/c/1").tick(False)
    assert top.fewest() == ["b/c/2", "b/d"]
    assert top.find("b").count() == (2, 3)
