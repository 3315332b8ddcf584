"""Recipe: what is planted in a teaching cohort, that is, its truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Effect:
    """How strongly one cause moves connectivity, and how widely.

    Attributes
    ----------
    length : float
        How far one unit of the cause moves the network coefficients, in standard deviations of
        the variation between people, counted where a model can see it (see ``connectivity.py``).
    n_pairs : int
        Network pairs, of the 105 of Power 264, that carry the effect; the same share of those of another atlas.
    """

    length: float
    n_pairs: int


@dataclass(frozen=True, slots=True)
class Recipe:
    """What moves connectivity and what moves the WRAT score.

    Attributes
    ----------
    connectivity : mapping of str to Effect
        By cause: ``age`` (a standard deviation), ``sex`` (male against female), ``ancestry`` (EA against AA),
        ``circumstances`` (latent; better in EA on average, by ``circumstances_gap``), ``motion`` (a standard
        deviation of log mean FD), ``site`` (a standard deviation), ``wrat`` (a standard deviation) and
        ``reading`` (a standard deviation). A cause that is not named has no effect.
    wrat : mapping of str to float
        Correlation of the score with ``circumstances``, ``motion`` and ``site`` within an ancestry group.
    wrat_gap : float
        Points by which the group EA scores above the group AA.
    circumstances_gap : float
        Standard deviations by which circumstances are better in EA than in AA, as connectivity feels them.
    reading : float
        Correlation of hours of reading with the score, which moves them; 0: hours are not recorded.
    words : str
        What this comes to, in words; by default the causes are listed.
    """

    connectivity: Mapping[str, Effect] = field(
        default_factory=lambda: MappingProxyType(
            {
                "age": Effect(1.23, 9),
                "sex": Effect(2.0, 8),
                "ancestry": Effect(1.65, 8),
                "circumstances": Effect(1.38, 14),
                "motion": Effect(0.7, 10),
            }
        )
    )
    wrat: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({"circumstances": 0.42}))
    wrat_gap: float = 12.8
    circumstances_gap: float = 2.3
    reading: float = 0.0
    words: str = ""

    def in_words(self) -> str:
        """Say what is planted, in a sentence."""
        if self.words:
            return self.words
        causes = ", ".join(self.connectivity) or "nothing"
        score = [cause for cause, share in self.wrat.items() if share]
        if self.wrat_gap:
            score.insert(0, "ancestry group")
        return f"connectivity is moved by {causes}; the WRAT score is moved by {', '.join(score) or 'nothing'}."


# What affects connectivity in most truths and is unrelated to the score: no report may blame it.
_AGE_AND_SEX = {"age": Effect(1.23, 9), "sex": Effect(2.0, 8)}
_OF_SCORE = {"wrat": Effect(1.2, 10)}

#: Connectivity and score vary between people for no reason.
NOTHING = Recipe(
    connectivity={},
    wrat={},
    wrat_gap=0.0,
    words="nothing. Connectivity and the WRAT score vary between people for no reason.",
)

#: The score is associated with connectivity, and nothing that is recorded is associated with both.
REAL_EFFECT = Recipe(
    connectivity={**_AGE_AND_SEX, **_OF_SCORE},
    wrat={},
    wrat_gap=0.0,
    words="a real effect. Connectivity is associated with the WRAT score itself, and nothing that is recorded is "
    "associated with both; age and sex affect connectivity, and not the score.",
)

#: Ancestry group moves both; within a group the score is unrelated to connectivity.
PURE_CONFOUND = Recipe(
    connectivity={**_AGE_AND_SEX, "ancestry": Effect(4.0, 12)},
    wrat={},
    wrat_gap=18.0,
    words="a pure confound. Ancestry group affects connectivity and the WRAT score; within a group the score is "
    "unrelated to connectivity. Age and sex affect connectivity, and not the score.",
)

#: Ancestry group moves both, and the score is associated with connectivity within a group as well.
BOTH = replace(
    PURE_CONFOUND,
    connectivity={**PURE_CONFOUND.connectivity, **_OF_SCORE},
    words="both a confound and a real effect. Ancestry group affects connectivity and the WRAT score, and connectivity "
    "is associated with the score within a group as well. Age and sex affect connectivity, and not the score.",
)

#: The score affects connectivity through what people do. In the numbers it looks like a confound.
MEDIATOR = Recipe(
    connectivity={**_AGE_AND_SEX, "reading": Effect(2.0, 10)},
    wrat={},
    wrat_gap=0.0,
    reading=0.7,
    words="a mediator. Who reads well reads more, and hours of reading affect connectivity: the whole effect of the "
    "WRAT score is mediated by the hours. Age and sex affect connectivity, and not the score.",
)

#: Head motion moves both. Age and sex move motion, so they are left out of connectivity: nothing else is to blame.
MOTION = Recipe(
    connectivity={"motion": Effect(2.2, 10)},
    wrat={"motion": -0.6},
    wrat_gap=0.0,
    words="motion. Who moves more in the scanner scores less on the WRAT, and motion moves connectivity; apart from "
    "that the score has nothing to do with connectivity.",
)

#: The scanner moves both, because the sites recruited differently.
SITE = Recipe(
    connectivity={**_AGE_AND_SEX, "site": Effect(2.2, 10)},
    wrat={"site": 0.6},
    wrat_gap=0.0,
    words="a site effect. Sites differ in whom they recruited, so in the WRAT score, and in their scanner, so in "
    "connectivity; at one site the score has nothing to do with connectivity. Age and sex move connectivity, and not "
    "the score.",
)

#: The truths that can be planted, by name.
TRUTHS = MappingProxyType(
    {
        "nothing": NOTHING,
        "real-effect": REAL_EFFECT,
        "pure-confound": PURE_CONFOUND,
        "both": BOTH,
        "mediator": MEDIATOR,
        "motion": MOTION,
        "site": SITE,
    }
)
