"""Picking: which of many things a typed text means, which come first, and how long names are shortened.

A wide cohort has thousands of columns with long, alike names. They are found by parts of the name and of the
description, in any order; pinned ones and those chosen lately are offered first.
"""

from imagenomer.wording import grouped
from logic.language import say

#: How many that were chosen lately are offered first.
MOST_RECENT = 5
#: What a text that is found in a name costs at most: the lower, the earlier it is offered.
IN_DESCRIPTION = 4


class Favourites:
    """Names that are offered first: those somebody pinned, and those chosen lately.

    Attributes
    ----------
    pinned, recent : list of str
        In the order in which they are offered; the latest choice is first.
    """

    def __init__(self):
        self.pinned = []
        self.recent = []

    def pin(self, name, pinned):
        """Pin a name, or take the pin out."""
        if name in self.pinned:
            self.pinned.remove(name)
        if pinned:
            self.pinned.append(name)

    def note(self, name):
        """A name was chosen."""
        if name in self.recent:
            self.recent.remove(name)
        self.recent.insert(0, name)
        del self.recent[MOST_RECENT:]


class Choices:
    """Things to choose one of.

    Parameters
    ----------
    labels : list of str
    descriptions : list of str or None
        Of each, what is searched beside its label; None: labels only.
    favourites : Favourites or None
    """

    def __init__(self, labels, descriptions=None, favourites=None):
        self.labels = labels
        self._descriptions = descriptions
        self._favourites = favourites
        self._lower = None  # once somebody searches

    def sections(self):
        """What is offered while nothing is typed: ``(heading, places)``, each place once; "" for no heading."""
        everything = list(range(len(self.labels)))
        if self._favourites is None:
            return [("", everything)]
        wanted = set(self._favourites.pinned) | set(self._favourites.recent)
        place_of = {}
        for place in everything if wanted else ():
            if self.labels[place] in wanted:
                place_of[self.labels[place]] = place
        pinned = [place_of[name] for name in self._favourites.pinned if name in place_of]
        recent = [place_of[name] for name in self._favourites.recent if name in place_of]
        recent = [place for place in recent if place not in pinned]
        first = set(pinned) | set(recent)
        rest = [place for place in everything if place not in first] if first else everything
        found = [(say("Pinned"), pinned), (say("Recent"), recent), (say("All others") if first else "", rest)]
        return [section for section in found if section[1]]

    def find(self, typed):
        """The places of what a text may mean, the best first and else in their order.

        All words of the text must be in the label or the description: a whole label is best, then one that begins with
        the text, one of whose words begins with it, one that has all of its words, and last those described so.
        """
        words = typed.lower().split()
        if not words:
            return [place for heading, places in self.sections() for place in places]
        if self._lower is None:
            self._lower = [label.lower() for label in self.labels]
            described = self._descriptions or [""] * len(self.labels)
            self._described = [description.lower() for description in described]
        whole, first = " ".join(words), words[0]
        ranked = [[] for rank in range(IN_DESCRIPTION + 1)]
        for place, label in enumerate(self._lower):
            if first not in label and first not in self._described[place]:
                continue
            rank = _rank(label, self._described[place], words, whole)
            if rank is not None:
                ranked[rank].append(place)
        return [place for places in ranked for place in places]


def _rank(label, description, words, whole):
    for word in words:
        if word not in label:
            if all(one in label or one in description for one in words):
                return IN_DESCRIPTION
            return None
    if label == whole:
        return 0
    if label.startswith(whole):
        return 1
    at = label.find(whole)
    if at > 0 and not label[at - 1].isalpha() and not label[at - 1].isdigit():
        return 2
    return 3


def shortened(label, most, beside=""):
    """A label of at most so many characters: of a long one its beginning, its end, and what tells it from another.

    ``beside`` is the label of a neighbour: where both differ in the middle only, that is kept, and the rest shortened.
    """
    if len(label) <= most:
        return label
    end = (most - 1) // 2
    start = most - 1 - end
    same, last = _in_common(label, beside), _in_common(reversed(label), reversed(beside))
    telling = label[same : len(label) - last]
    begins_after, ends_before = same >= start, last >= end
    room = most - 2 - len(telling)
    if not (beside and telling and begins_after and ends_before and room >= 6):
        return f"{label[:start]}…{label[len(label) - end :]}"
    # What is around it says what it is: a number of an item, for one.
    around = room // 3
    return f"{label[: room - 2 * around]}…{label[same - around : len(label) - last]}…{label[len(label) - around :]}"


def _in_common(one, other):
    """How many characters two texts begin with alike."""
    count = 0
    for mine, others in zip(one, other):
        if mine != others:
            break
        count += 1
    return count


def summary(item):
    """What a phenotype is, in a few words: "number, years · 812 subjects"."""
    if item["kind"] == "number":
        kind = say("number, {units}", units=item["units"]) if item["units"] else say("number")
    else:
        kind = say("{levels} levels", levels=len(item["levels"])) if len(item["levels"]) != 1 else say("1 level")
    return f"{kind} · n {grouped(item['n'])}"
