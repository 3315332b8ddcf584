"""Recipe: what is asked before files can be opened, what was understood of them, and the answers, as JSON.

The engine says what may be answered (`imagenomer.readers.recipe`): each alternative has the part of a recipe that asks
for it. The page puts such parts together.
"""

import json

from logic.language import say

#: Questions that are asked at once; the others follow.
AT_ONCE = 3
#: Characters of a recipe that an address still holds.
SHORT = 1000
#: How a file with a recipe is called.
ENDING = ".recipe.json"
#: What was understood, by topic, in the order of the screen.
TOPICS = (
    ("people", say("People")),
    ("scans", say("Scans")),
    ("connectivity", say("Connectivity")),
    ("parcels", say("Parcels")),
    ("phenotypes", say("Phenotypes")),
    ("genotypes", say("Genotypes")),
    ("not used", say("Not used")),
)


def merged(recipe, addition):
    """Return a recipe with answers added; an answer that is there already is replaced."""
    result = dict(recipe)
    for key in addition:
        before, value = result.get(key), addition[key]
        result[key] = merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return result


def asked_first(questions):
    """Return the questions that are asked now."""
    return questions[:AT_ONCE]


def answered(recipe, questions, choices):
    """Return a recipe with the answers to questions; ``choices`` are places among the alternatives of each."""
    for question, choice in zip(questions, choices):
        recipe = merged(recipe, question["alternatives"][choice]["recipe"])
    return recipe


def topics_of(understood):
    """Return what was understood by topic: heading, and its lines with their places in the whole list."""
    found = []
    for topic, heading in TOPICS:
        lines = [(place, line) for place, line in enumerate(understood) if line["topic"] == topic]
        if lines:
            found.append((heading, lines))
    return found


def n_doubtful(understood):
    """Return how many lines somebody should look at."""
    return len([line for line in understood if not line["certain"]])


def confirmation(understood):
    """Return the recipe that says that all in doubt was read rightly; empty where nothing of it can be answered."""
    recipe = {}
    for line in understood:
        for one in line["alternatives"]:
            if one["chosen"] and not line["certain"]:
                recipe = merged(recipe, one["recipe"])
    return recipe


def is_sketched(alternatives):
    """Whether the engine has pictures of alternatives."""
    return any(one["sketched"] for one in alternatives)


def for_address(recipe):
    """Return a recipe that may stand in an address, which browsers remember; else None.

    It is short, and names no single file that is called after a subject.
    """
    if not recipe or len(json.dumps(recipe)) > SHORT:
        return None
    names = list(recipe.get("files", {})) + list(recipe.get("use", {}).values())
    return None if any(may_name_a_subject(name) for name in names) else recipe


def may_name_a_subject(path):
    """Whether a single file may be called after a subject: it says so, or has a number of three digits."""
    if "*" in path:
        return False
    digits = 0
    for character in path:
        digits = digits + 1 if character.isdigit() else 0
        if digits == 3:
            return True
    return "sub-" in path.lower()


def has_recipe(paths):
    """Whether one of the files is called a recipe."""
    return any(path.lower().endswith(ENDING) for path in paths)
