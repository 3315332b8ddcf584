"""How often tests find something where there is nothing, and subjects differ in noise, are related, or come from sites.

    python3 build_scripts/robust_levels.py [cohorts] [subjects ...]

prints, for each kind of cohort, the share of cohorts (1,000 if none is given, of 40 and of 1,000 subjects) in which
each test has p at most .05, by errors and flips that allow what the kind has and, in a fifth of the cohorts, by the
usual errors and permutations; and how many of five true edges both find where variances are equal.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from imagenomer.cohort import Phenotype
from imagenomer.progress import finish
from imagenomer.statistics.adjustment import associate
from imagenomer.statistics.design import Design, Term, build_design, code
from imagenomer.statistics.enhancement import enhance
from imagenomer.statistics.max_statistic import max_statistic
from imagenomer.statistics.network_statistic import network_based_statistic
from imagenomer.statistics.networks import enrichment
from imagenomer.statistics.unequal_variance import associate_unequal
from imagenomer.types import FloatArray, IntArray

#: Six parcels, so that components can form, and flips for each of them.
N_EDGES, N_FLIPS = 15, 99
#: Of each share of patients, how many times as large their standard deviation is.
UNEQUAL = ((0.05, 1.8), (0.1, 1.2), (0.1, 1.8), (0.25, 1.4), (0.25, 1.8), (0.5, 1.2), (0.5, 1.8))
#: Two edges in three share a source, as in real connectivity.
_SOURCES = 6
#: What relatives share of the variance of target and edges.
_SHARED = 0.64

KINDS = (
    "nothing",
    *(f"{share:.0%} patients, SD x{spread}" for share, spread in UNEQUAL),
    "variance along a number",
    "heavy tails",
    "twins",
    "families of four",
    "20 sites with means of their own",
)
TESTS = ("edges", "max-t", "nbs", "tfce", "networks")


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A cohort in which nothing is associated but by what is allowed for."""

    values: Any
    tested: Term
    design: Design
    families: IntArray


def draw(kind: str, n: int, seed: int, effect: float = 0.0) -> Drawn:
    """Draw a cohort of a kind; ``effect`` is that on the first five edges, as a correlation times the root of n."""
    rng = np.random.default_rng([KINDS.index(kind), n, seed])
    target, noise = rng.standard_normal(n), _noise(rng, n)
    families, covariates = np.arange(n), []
    for share, spread in UNEQUAL:
        if kind == f"{share:.0%} patients, SD x{spread}":
            target = (np.arange(n) < max(2, round(share * n))).astype(float)
            noise *= np.where(target == 1, spread, 1.0)[:, None]
    if kind == "variance along a number":
        noise *= np.exp(0.3 * target)[:, None]
    if kind == "heavy tails":
        noise *= rng.standard_t(3, n)[:, None]
    if kind in ("twins", "families of four"):
        families = np.arange(n) // (2 if kind == "twins" else 4)
        target = np.sqrt(_SHARED) * rng.standard_normal(n)[families] + np.sqrt(1 - _SHARED) * target
        noise = np.sqrt(_SHARED) * _noise(rng, n)[families] + np.sqrt(1 - _SHARED) * noise
    if kind == "20 sites with means of their own":
        site = rng.permutation(np.arange(n) % 20)
        target, noise = target + rng.standard_normal(20)[site], noise + _noise(rng, 20)[site]
        covariates = [Phenotype("site", site, levels=tuple(str(one) for one in range(20)))]
    noise[:, :5] += effect / np.sqrt(n) * np.sqrt(1 + _SOURCES) * ((target - target.mean()) / target.std())[:, None]
    everybody = np.arange(n)
    tested, design = code(Phenotype("target", target), everybody), build_design(covariates, everybody)
    return Drawn(noise.astype(np.float32), tested, design, families)


def _noise(rng: np.random.Generator, n: int) -> FloatArray:
    return rng.standard_normal((n, _SOURCES)) @ rng.standard_normal((_SOURCES, N_EDGES)) + rng.standard_normal(
        (n, N_EDGES)
    )


def p_values(drawn: Drawn, seed: int, *, robust: bool, tests: tuple[str, ...] = TESTS) -> dict[str, float]:
    """Return the smallest corrected p-value of each test; of "edges" the share of edges with p at most .05."""
    rows = np.arange(len(drawn.values))
    options: Any = {"n_permutations": N_FLIPS, "flip_by": drawn.families if robust else None}
    arguments = (drawn.values, rows, drawn.tested, drawn.design)

    def run(kernel: Any, **more: Any) -> Any:
        return finish(kernel(*arguments, rng=np.random.default_rng([seed, 7]), **options, **more))

    def edges() -> float:
        if robust:
            fit: Any = associate_unequal(drawn.values, drawn.tested, drawn.design, drawn.families)
        else:
            fit = associate(drawn.values, drawn.tested, drawn.design)
        return float(np.mean(fit.p_value <= 0.05))

    def components() -> float:
        return float(run(network_based_statistic, threshold=2.0).p_extent.min(initial=1.0))

    def networks() -> float:
        pair = np.arange(N_EDGES) % 3
        return float(run(enrichment, pair=pair, n_pairs=3, threshold=2.0).adjusted_p.min())

    found = {
        "edges": edges,
        "max-t": lambda: float(run(max_statistic).adjusted_p.min()),
        "nbs": components,
        "tfce": lambda: float(run(enhance).adjusted_p.min()),
        "networks": networks,
    }
    return {name: found[name]() for name in tests}


def levels(kind: str, n: int, n_cohorts: int, *, robust: bool, tests: tuple[str, ...] = TESTS) -> dict[str, float]:
    """Return the share of cohorts in which each test finds something, or of edges that it finds."""
    total = dict.fromkeys(tests, 0.0)
    for seed in range(n_cohorts):
        for name, p in p_values(draw(kind, n, seed), seed, robust=robust, tests=tests).items():
            total[name] += p if name == "edges" else float(p <= 0.05)
    return {name: found / n_cohorts for name, found in total.items()}


def power(kind: str, n: int, n_cohorts: int, *, robust: bool) -> dict[str, float]:
    """Return the share of the five true edges with p at most .05: uncorrected, and by max-T."""
    found = np.zeros(2)
    for seed in range(n_cohorts):
        one = draw(kind, n, seed, effect=4.0)
        options: Any = {"n_permutations": N_FLIPS, "flip_by": one.families if robust else None}
        fit: Any = associate(one.values, one.tested, one.design)
        if robust:
            fit = associate_unequal(one.values, one.tested, one.design, one.families)
        rng = np.random.default_rng([seed, 7])
        largest = finish(max_statistic(one.values, np.arange(n), one.tested, one.design, rng=rng, **options))
        found += [np.mean(fit.p_value[:5] <= 0.001), np.mean(largest.adjusted_p[:5] <= 0.05)]
    return dict(zip(("edges at .001", "max-t"), found / n_cohorts, strict=True))


def _print(words: str, found: dict[str, float]) -> None:
    print(f"{words:58}", "  ".join(f"{name} {share:.3f}" for name, share in found.items()), flush=True)


def main(arguments: list[str]) -> None:
    n_cohorts = int(arguments[0]) if arguments else 1000
    for n in [int(one) for one in arguments[1:]] or [40, 1000]:
        for kind in KINDS:
            for robust in (False, True):
                _print(f"{n}: {kind}, {'robust' if robust else 'usual'}", levels(kind, n, n_cohorts, robust=robust))
        for robust in (False, True):
            _print(
                f"{n}: true edges found, {'robust' if robust else 'usual'}",
                power("nothing", n, n_cohorts, robust=robust),
            )


if __name__ == "__main__":
    main(sys.argv[1:])
