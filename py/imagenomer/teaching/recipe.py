"""Recipe: what is planted in a teaching cohort, that is, its truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
        Network pairs, of the 105, that carry the effect.
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
        deviation of log mean FD), ``site`` (a standard deviation) and ``wrat`` (a standard deviation). A cause
        that is not named has no effect.
    wrat : mapping of str to float
        Correlation of the score with ``circumstances``, ``motion`` and ``site`` within an ancestry group.
    wrat_gap : float
        Points by which the group EA scores above the group AA.
    circumstances_gap : float
        Standard deviations by which circumstances are better in EA than in AA, as connectivity feels them.
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

    def in_words(self) -> str:
        """Say what is planted, in a sentence."""
        causes = ", ".join(self.connectivity) or "nothing"
        score = [cause for cause, share in self.wrat.items() if share]
        if self.wrat_gap:
            score.insert(0, "ancestry group")
        return f"connectivity is moved by {causes}; the WRAT score is moved by {', '.join(score) or 'nothing'}."


#: Connectivity and score vary between people for no reason.
NOTHING = Recipe(connectivity={}, wrat={}, wrat_gap=0.0)

#: The score goes with connectivity, and nothing else goes with either.
REAL_EFFECT = Recipe(connectivity={"wrat": Effect(1.2, 10)}, wrat={}, wrat_gap=0.0)

#: Ancestry group moves both; within a group the score has nothing to do with connectivity.
PURE_CONFOUND = Recipe(connectivity={"ancestry": Effect(3.2, 12)}, wrat={})
