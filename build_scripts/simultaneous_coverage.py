"""How often the intervals of all candidates of a verdict cover at once, of each alone and simultaneous.

    python3 build_scripts/simultaneous_coverage.py [cohorts]

draws cohorts (60 of each kind if nothing is given; 200 subjects with noise of the covariance of real connectivity) with
ten candidates whose shares are known: independent ones, of which everything remains, and in some kinds a site that
explains all of the association, or half. Printed is in which share of the cohorts all intervals cover, those of 95 %
each and those that are to hold at once, and the median confidence that each of the latter has. The criterion, set
beforehand: at least .93 of the cohorts for those that hold at once.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "py"))

from connectivity_noise import draw_noise  # noqa: E402
from imagenomer.cohort import Phenotype  # noqa: E402
from imagenomer.progress import finish  # noqa: E402
from imagenomer.statistics.connectivity_sample import Sample  # noqa: E402
from imagenomer.statistics.explanation import explain  # noqa: E402
from imagenomer.statistics.simultaneous_intervals import confidence_of_each  # noqa: E402
from planted_cohorts import EASY, HARD, moved  # noqa: E402

N, N_CANDIDATES = 200, 10
#: Of each kind the strength of the effect, and the share that remains given the site; None: there is no site.
KINDS: dict[str, tuple[float, float | None]] = {
    "real": (EASY, None),
    "real, hard": (HARD, None),
    "half real": (EASY, 0.5),
    "half real, hard": (HARD, 0.5),
    "confound": (EASY, 0.0),
}


@dataclass(frozen=True)
class Coverage:
    """Whether all intervals of a cohort cover: of each alone, and at once; and the confidence of each of the latter."""

    alone: bool
    at_once: bool
    each: float


def coverage(kind: str, seed: int) -> Coverage | None:
    """Draw a cohort of a kind, and compare its intervals with the shares that are true; None where there is none."""
    rng = np.random.default_rng([seed, list(KINDS).index(kind)])
    size, remains = KINDS[kind]
    truths = {f"candidate {number}": 1.0 for number in range(N_CANDIDATES)}
    numbers = {name: Phenotype(name, rng.standard_normal(N)) for name in truths}
    site = rng.integers(0, 2, N)
    signs = 2.0 * site - 1
    target = rng.standard_normal(N)
    cause = target
    if remains is not None:
        # The slope of the edges on the target is 1 - remains by way of the site, of whose variance the target has half.
        target = target + signs
        cause = remains * target + 2 * (1 - remains) * signs
        numbers["site"] = Phenotype("site", site.astype(np.intp), ("A", "B"))
        truths["site"] = remains
    edges = moved(draw_noise(N, rng), cause, size, rng).astype(np.float32)
    deviations = (edges - edges.mean(axis=0)).astype(np.float64)
    everybody = np.arange(N)
    sample = Sample(deviations @ deviations.T, edges, everybody, everybody, target[:, None])
    found = finish(explain(sample, numbers, n_flips=99, rng=rng))
    shares = {name: one.remainder.pattern for name, one in found.candidates.items()}
    if not all(one.known for one in shares.values()):
        return None
    each = finish(confidence_of_each([one.influence for one in shares.values()], everybody, rng))
    alone = all(one.low <= truths[name] <= one.high for name, one in shares.items())
    wider = {name: one.at(each) for name, one in shares.items()}
    return Coverage(alone, all(low <= truths[name] <= high for name, (low, high) in wider.items()), each)


def lines(n_cohorts: int) -> Iterator[str]:
    """Yield a line for each kind."""
    for kind in KINDS:
        found = [one for one in (coverage(kind, seed) for seed in range(n_cohorts)) if one is not None]
        alone, at_once = (np.mean([getattr(one, name) for one in found]) for name in ("alone", "at_once"))
        each = np.median([one.each for one in found])
        yield f"| {kind} | {len(found)} | {alone:.2f} | {at_once:.2f} | {100 * each:.1f} % |"


if __name__ == "__main__":
    for line in lines(int(sys.argv[1]) if len(sys.argv) > 1 else 60):
        print(line, flush=True)
