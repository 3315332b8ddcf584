"""Self-check: is the verdict right about cohorts whose truth is known, and do the tests keep their promised error?

    python3 build_scripts/self_check.py [--seeds 101-200] [--nulls 1000] [--processes 2] [--page]

Needs the environment that ``build_scripts/test.py`` makes. Each finished cohort is a line in ``.cache/self-check/``, so
that a stopped run goes on where it was; a change of any statistic starts anew. ``--page`` writes the rates into
``site/docs/self-check.md``.

Seeds 1 to 30 are for whoever changes a rule and wants to see what it does. The page is about seeds that nobody looked
at while choosing rules and strengths.
"""

from __future__ import annotations

import os

# One thread for each process: cohorts are spread over processes, and matrices are small.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "py"))

from imagenomer.analyses.confounds.evidence import weigh  # noqa: E402
from imagenomer.analyses.confounds.verdict_words import TITLES  # noqa: E402
from imagenomer.cohort import Cohort, Phenotype  # noqa: E402
from imagenomer.progress import finish  # noqa: E402
from imagenomer.statistics.confounding import partial_confounder_test  # noqa: E402
from imagenomer.statistics.design import build_design, code  # noqa: E402
from imagenomer.statistics.folds import k_fold  # noqa: E402
from imagenomer.statistics.models import Ridge  # noqa: E402
from imagenomer.statistics.multivariate import share_explained  # noqa: E402
from imagenomer.statistics.overlap import edge_overlap, strongest  # noqa: E402
from imagenomer.statistics.pairwise import associate_pairs  # noqa: E402
from imagenomer.statistics.permutation import max_statistic  # noqa: E402
from imagenomer.statistics.prediction import cross_validate  # noqa: E402
from imagenomer.statistics.prediction_checks import permutation_test  # noqa: E402
from imagenomer.statistics.quality import qc_fc  # noqa: E402
from imagenomer.statistics.sample_space import sample_space  # noqa: E402
from imagenomer.statistics.tails import neg_log10_p_of_share  # noqa: E402
from imagenomer.statistics.verdict import Category  # noqa: E402
from imagenomer.teaching import PURE_CONFOUND, REAL_EFFECT, TRUTHS, Effect, Recipe, Size, generate  # noqa: E402

CACHE = ROOT / ".cache" / "self-check"
PAGE = ROOT / "site" / "docs" / "self-check.md"
#: Go up with every change of what this script does in a cohort.
_VERDICTS_VERSION, _NULLS_VERSION = 2, 4
#: Of the report, by default.
PERMUTATIONS = 499
#: A row of the records: of one cohort.
Row = dict[str, Any]


# --- verdicts --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Expected:
    """What a report must say of a truth to be right.

    Attributes
    ----------
    overall : str
        Of the target, all candidates together.
    cause : str or None
        The candidate that matters, of which the same must be said.
    innocent : tuple of str
        Candidates that have no part in it: nothing may be laid at their door.
    """

    overall: Category
    cause: str | None
    innocent: tuple[str, ...]


_PARENTS = ("mother_education", "father_education")

#: Parents' education goes with ancestry group, and age with motion: where those confound, these do too, a little.
EXPECTED = MappingProxyType(
    {
        "nothing": Expected("no association", None, ()),
        "real-effect": Expected("real effect", None, ("age", "sex", "ancestry", "mean_fd", "site", *_PARENTS)),
        "pure-confound": Expected("confounding", "ancestry", ("age", "sex", "mean_fd", "site")),
        "both": Expected("both", "ancestry", ("age", "sex", "mean_fd", "site")),
        "mediator": Expected("confounding", "reading", ("age", "sex", "ancestry", "mean_fd", "site", *_PARENTS)),
        "motion": Expected("confounding", "mean_fd", ("ancestry", "site", *_PARENTS)),
        "site": Expected("confounding", "site", ("age", "sex", "ancestry", "mean_fd", *_PARENTS)),
    }
)
_BLAMED = ("confounding", "both")


def verdict(truth: str, seed: int) -> Row:
    """Weigh the candidates of one cohort as the report does, from its defaults."""
    cohort = finish(generate("small", seed, TRUTHS[truth]))
    found = finish(weigh(cohort, "wrat", ancestry_components=2, permutations=PERMUTATIONS))
    return {"overall": found.category, "candidates": {one.candidate.name: one.category for one in found.candidates}}


def is_right(truth: str, row: Mapping[str, Any]) -> bool:
    expected, candidates = EXPECTED[truth], row["candidates"]
    return (
        row["overall"] == expected.overall
        and (expected.cause is None or candidates[expected.cause] == expected.overall)
        and not any(candidates[name] in _BLAMED for name in expected.innocent)
    )


# --- type I error ----------------------------------------------------------------------------------

# Enough people for folds and strata; few edges and variants, since a thousand cohorts are drawn.
_NULL_SIZE = Size(120, "schaefer-100-7", ("rest",), 20)
_NULL_PERMUTATIONS = 199
# Connectivity is moved by what is recorded.
_SCORE_OF_NOTHING = Recipe(connectivity={"age": Effect(1.23, 9), "sex": Effect(2.0, 8), "ancestry": Effect(4.0, 12)})

#: What is tested in cohorts where the null hypothesis holds, by the name in the records.
NULL_TESTS = MappingProxyType(
    {
        "phenotypes": "two phenotypes (score and site), uncorrected",
        "edges-bonferroni": "every edge, Bonferroni: one false positive or more",
        "edges-max-t": "every edge, permutation max-T: one or more",
        "edges-max-t-adjusted": "the same, adjusted for the confounder (Freedman-Lane)",
        "edges-max-t-within": "the same, rearranged within levels of the confounder",
        "whole": "connectivity as a whole",
        "whole-adjusted": "the same, adjusted for the confounder",
        "whole-within": "the same, rearranged within levels of the confounder (restricted permutation)",
        "prediction": "prediction, permutation p",
        "prediction-within": "the same, rearranged within levels of the confounder (restricted permutation)",
        "confounder-number": "partial confounder test, a number",
        "confounder-number-published": "the same as published, not used here",
        "confounder-category": "partial confounder test, a category",
        "confounder-category-published": "the same as published, not used here",
        "overlap-edges": "overlap, edges shared with ancestry group",
        "overlap-maps": "overlap, similarity of the two maps",
        "overlap-within": "similarity of the two maps, rearranged within levels of the confounder",
        "qc-fc-edges": "QC-FC, share of edges that go with motion",
        "qc-fc-distance": "QC-FC, dependence on distance",
        "qc-fc-match": "QC-FC, match with rearranged subjects",
    }
)


def rejections(seed: int) -> Row:
    """Run every test where its null hypothesis holds; 1 where p is at most .05."""
    p_values = {**_of_a_score_of_nothing(seed), **_of_a_confounded_score(seed), **_of_predictions(seed)}
    return {"rejected": {name: int(p_values[name] <= 0.05) for name in NULL_TESTS}}


def _of_a_score_of_nothing(seed: int) -> dict[str, float]:
    cohort = finish(generate(_NULL_SIZE, seed, _SCORE_OF_NOTHING))
    null = _Null(cohort, seed, _score(cohort, seed))
    both = finish(associate_pairs([null.target, cohort.phenotype("site")], null.subjects))
    edges = null.max_t()
    similar, shared = null.overlap("ancestry")
    return {
        "phenotypes": float(10 ** -both.neg_log10_p[0, 1]),
        "edges-bonferroni": float(10 ** -edges[1].max()) * edges[1].size,
        "edges-max-t": edges[0],
        "whole": null.whole(),
        "prediction": null.prediction(),
        **null.qc_fc(),
        "overlap-maps": similar,
        "overlap-edges": shared,
    }


def _of_a_confounded_score(seed: int) -> dict[str, float]:
    cohort = finish(generate(_NULL_SIZE, seed, PURE_CONFOUND))
    groups = cohort.phenotype("ancestry")
    null = _Null(cohort, seed, _score(cohort, seed, groups.indicator("EA")))
    within = groups.values.astype(np.intp)
    return {
        "edges-max-t-adjusted": null.max_t(adjusted_for=groups)[0],
        "edges-max-t-within": null.max_t(blocks=within)[0],
        "whole-adjusted": null.whole(adjusted_for=groups),
        "whole-within": null.whole(blocks=within),
        "prediction-within": null.prediction(blocks=within),
        "overlap-within": null.overlap("ancestry", blocks=within)[0],
    }


def _score(cohort: Cohort, seed: int, cause: Any = 0.0) -> Phenotype:
    """Return a score that follows a cause, or nothing.

    The one that the cohorts have does not do: it is balanced over the groups, to be alike in every seed, and what is
    balanced goes with nothing less often than chance has it.
    """
    rng = np.random.default_rng([seed, 3])
    return Phenotype("score", 1.3 * cause + rng.standard_normal(cohort.n_subjects))


def _of_predictions(seed: int) -> dict[str, float]:
    """Predict a score that connectivity goes with, and ask of what goes with that score whether they follow it more."""
    cohort = finish(generate(_NULL_SIZE, seed, REAL_EFFECT))
    null = _Null(cohort, seed, cohort.phenotype("wrat"))
    predicted = null.predicted()
    score = np.asarray(cohort.phenotype("wrat").values, dtype=np.float64)
    rng = np.random.default_rng([seed, 7])
    number = 0.6 * (score - score.mean()) / score.std() + 0.8 * rng.standard_normal(score.size)
    confounders = {"number": number, "category": np.digitize(number, [-0.5, 0.5]).astype(np.intp)}
    p_values: dict[str, float] = {}
    for kind, values in confounders.items():
        steps = partial_confounder_test(
            predicted,
            score,
            values,
            target_is_category=False,
            confounder_is_category=kind == "category",
            n_permutations=_NULL_PERMUTATIONS,
            rng=rng,
        )
        test = finish(steps)
        p_values |= {f"confounder-{kind}": test.p_value, f"confounder-{kind}-published": test.published_p_value}
    return p_values


class _Null:
    """A cohort, and the tests of one of its phenotypes."""

    def __init__(self, cohort: Cohort, seed: int, target: Phenotype) -> None:
        self._cohort, self.target = cohort, target
        self._values = cohort.observations("fc").values
        self.subjects = np.arange(cohort.n_subjects)
        self._term = code(self.target, self.subjects)
        self._goal = np.asarray(self.target.values, dtype=np.float64)
        self._rng = np.random.default_rng([seed, 5])
        self._space = finish(sample_space(self._values, self.subjects))
        self._folds = k_fold(cohort.n_subjects, 5, self._rng)

    def max_t(self, adjusted_for: Phenotype | None = None, blocks: Any = None) -> tuple[float, Any]:
        """Return the smallest corrected p of all edges, and the uncorrected -log10 p of each."""
        design = build_design([] if adjusted_for is None else [adjusted_for], self.subjects)
        found = finish(
            max_statistic(
                self._values,
                self.subjects,
                self._term,
                design,
                n_permutations=_NULL_PERMUTATIONS,
                rng=self._rng,
                blocks=blocks,
            )
        )
        share = found.statistic**2 / (found.statistic**2 + found.dof)
        return float(found.adjusted_p.min()), neg_log10_p_of_share(share, 1, np.full(share.shape, found.dof))

    def whole(self, adjusted_for: Phenotype | None = None, blocks: Any = None) -> float:
        design = build_design([] if adjusted_for is None else [adjusted_for], self.subjects)
        steps = share_explained(
            self._space.gram, self._term, design, n_permutations=_NULL_PERMUTATIONS, rng=self._rng, blocks=blocks
        )
        return finish(steps).p_value

    def prediction(self, blocks: Any = None) -> float:
        steps = permutation_test(
            self._space, self._goal, self._folds, Ridge(), _NULL_PERMUTATIONS, self._rng, blocks=blocks
        )
        return finish(steps).p_value

    def predicted(self) -> Any:
        return finish(cross_validate(self._space, self._goal, self._folds, Ridge())).averaged()[:, 0]

    def qc_fc(self) -> dict[str, float]:
        """Return the p-values of QC-FC with the phenotype in the place of motion."""
        assert self._cohort.parcellation is not None
        places = self._cohort.parcellation.coordinates
        rows, columns = np.triu_indices(len(places), 1)
        found = finish(
            qc_fc(
                self._values,
                self.subjects,
                self._term,
                build_design([], self.subjects),
                np.linalg.norm(places[rows] - places[columns], axis=1),
                n_permutations=_NULL_PERMUTATIONS,
                rng=self._rng,
            )
        )
        return {
            "qc-fc-edges": found.p_nominal,
            "qc-fc-distance": found.p_distance,
            "qc-fc-match": found.p_match,
        }

    def overlap(self, other: str, blocks: Any = None) -> tuple[float, float]:
        """Return the p of the maps' similarity, and that of the edges they share of the strongest twentieth of each."""
        levels = self._cohort.phenotype(other)
        r = np.stack(
            [
                _correlations(self._values, np.nan_to_num(values))
                for values in (self._goal, levels.indicator("EA") - levels.indicator("AA"))
            ]
        )
        chosen = strongest(np.abs(r), r.shape[1] // 20)
        found = finish(
            edge_overlap(
                self._values,
                self.subjects,
                self._term,
                build_design([], self.subjects),
                chosen[0],
                r[1:],
                np.array([True]),
                chosen[1:],
                n_permutations=_NULL_PERMUTATIONS,
                rng=self._rng,
                blocks=blocks,
            )
        )
        return float(found.similarity_p[0]), float(found.shared_p[0])


def _correlations(values: Any, target: Any) -> Any:
    edges = values - values.mean(axis=0)
    about = target - target.mean()
    return (about @ edges) / np.sqrt((edges**2).sum(axis=0) * (about**2).sum())


# --- running ---------------------------------------------------------------------------------------


def fingerprint(version: int, *patterns: str) -> str:
    """Return a name for the state of the sources that some rates depend on."""
    package = ROOT / "py" / "imagenomer"
    digest = hashlib.sha256(str(version).encode())
    for path in sorted(path for pattern in patterns for path in package.glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def records() -> tuple[Path, Path]:
    """Return where the verdicts and the nulls of this state of the program are kept."""
    nulls = fingerprint(_NULLS_VERSION, "statistics/*.py", "teaching/*.py")
    confounds = ("subjects", "links", "evidence")
    verdicts = fingerprint(
        _VERDICTS_VERSION,
        "statistics/*.py",
        "teaching/*.py",
        *(f"analyses/confounds/{name}.py" for name in confounds),
        *(f"analyses/shared/{name}.py" for name in ("ancestry", "linear_model", "sample")),
    )
    return CACHE / f"verdicts-{verdicts}.jsonl", CACHE / f"nulls-{nulls}.jsonl"


def run(tasks: Iterable[tuple[str, int]], processes: int, into: Path) -> dict[tuple[str, int], Row]:
    """Do what is not in the record yet, appending to it; return all of it."""
    done = {(row["what"], row["seed"]): row for row in _lines(into)}
    missing = [task for task in tasks if task not in done]
    into.parent.mkdir(parents=True, exist_ok=True)
    # Without the half line that a stopped run may have left.
    into.write_text("".join(json.dumps(row) + "\n" for row in done.values()), encoding="utf-8")
    with into.open("a", encoding="utf-8") as record, ProcessPoolExecutor(processes) as pool:
        waiting = [pool.submit(_do, *task) for task in missing]
        for number, future in enumerate(as_completed(waiting), 1):
            row = future.result()
            done[row["what"], row["seed"]] = row
            record.write(json.dumps(row) + "\n")
            record.flush()
            print(f"\r{number} of {len(missing)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return done


def _lines(path: Path) -> list[Row]:
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def _do(what: str, seed: int) -> Row:
    return {"what": what, "seed": seed, **(rejections(seed) if what == "nulls" else verdict(what, seed))}


# --- the page --------------------------------------------------------------------------------------

_PAGE = """\
# The self-check

Made by `build_scripts/self_check.py`; do not edit. Whether a verdict about confounds is right, nobody can tell of a
real cohort. So cohorts are drawn in which the truth is known, and the program is asked.

## Is the verdict right?

{n_seeds} cohorts of each kind (seeds {first} to {last}), 300 people, {permutations} permutations, the defaults of the
confound report. A verdict is right when it is so about the target, says the same of the planted cause, and lays
nothing at the door of candidates that have no part in it. How each truth is planted stands in
`datasets/teaching/README.md`.

{verdicts}

A mediator must be called "consistent with confounding (or mediation)": the two are the same in the numbers, and the
words say so. Strengths were chosen on seeds 1 to 6; no seed of this table was looked at for it.

## Do the tests keep their promise?

Share of {n_nulls:,} cohorts ({n_people} people, 4,950 edges, {null_permutations} permutations) in which a test says
p ≤ .05 although there is nothing to find. It should be 5 %; chance alone gives between {low:.1f} and {high:.1f} % in 19
of 20 rows, and one row in 20 is beside that without meaning anything. In the rows about a confounder, ancestry group
moves both the score and connectivity. The score of these rows is drawn for the purpose: that of the cohorts is balanced
over the groups, and therefore goes with nothing less often than chance has it.

{nulls}

Bonferroni counts edges as if they were independent, and may stay below. The partial confounder test as published stays
below: it takes the link of candidate and target from the same people whom it then rearranges, which lets the
rearranged ones vary more than the actual ones, and finds less than it might. The report takes what the target tells of
the predictions out of them first, and so keeps the level.

A verdict about "nothing" is wrong as often as the first test of the report is, connectivity as a whole at the level of
5 %: about five times in a hundred, by construction, so that 95 of 100 is what can be expected of it.
"""


def page(done: Mapping[tuple[str, int], Row], seeds: Iterable[int], n_nulls: int) -> str:
    """Return the page."""
    chosen = list(seeds)
    verdicts = ["| truth | right verdict | right | otherwise said, and in which seeds |", "|---|---|---|---|"]
    for truth, expected in EXPECTED.items():
        rows = {seed: done[truth, seed] for seed in chosen}
        wrong = {seed: row for seed, row in rows.items() if not is_right(truth, row)}
        said: dict[str, list[int]] = {}
        for seed, row in wrong.items():
            said.setdefault(_amiss(truth, row), []).append(seed)
        listed = "; ".join(f"{what} ({', '.join(map(str, of))})" for what, of in sorted(said.items()))
        about = f" ({expected.cause})" if expected.cause else ""
        right = f"{len(rows) - len(wrong)} of {len(rows)}"
        verdicts.append(f"| {truth} | {TITLES[expected.overall]}{about} | {right} | {listed or '–'} |")
    counts: Counter[str] = Counter()
    for seed in range(1, n_nulls + 1):
        counts.update(done["nulls", seed]["rejected"])
    spread = 1.96 * np.sqrt(0.05 * 0.95 / n_nulls)
    nulls = ["| test | rejected | beside that interval |", "|---|---|---|"]
    for name, title in NULL_TESTS.items():
        rate = counts[name] / n_nulls
        beside = "below" if rate < 0.05 - spread else "above" if rate > 0.05 + spread else ""
        nulls.append(f"| {title} | {100 * rate:.1f} % | {beside} |")
    return _PAGE.format(
        n_seeds=len(chosen),
        first=chosen[0],
        last=chosen[-1],
        permutations=PERMUTATIONS,
        verdicts="\n".join(verdicts),
        n_nulls=n_nulls,
        n_people=_NULL_SIZE.n_subjects,
        null_permutations=_NULL_PERMUTATIONS,
        low=5 - 100 * spread,
        high=5 + 100 * spread,
        nulls="\n".join(nulls),
    )


def _amiss(truth: str, row: Mapping[str, Any]) -> str:
    """Say what is wrong with a verdict."""
    expected, candidates = EXPECTED[truth], row["candidates"]
    if row["overall"] != expected.overall:
        return TITLES[row["overall"]]
    if expected.cause is not None and candidates[expected.cause] != expected.overall:
        return f"{expected.cause}: {TITLES[candidates[expected.cause]]}"
    name = next(name for name in expected.innocent if candidates[name] in _BLAMED)
    return f"{name} too: {TITLES[candidates[name]]}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", default="101-200", metavar="FIRST-LAST", help="of the cohorts with a planted truth")
    parser.add_argument("--truths", default=",".join(EXPECTED), help="which of them")
    parser.add_argument("--nulls", type=int, default=1000, help="cohorts with nothing to find")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--page", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    options = parser.parse_args(arguments)
    first, last = (int(number) for number in options.seeds.split("-"))
    seeds, truths = range(first, last + 1), [name for name in options.truths.split(",") if name]
    for_verdicts, for_nulls = records()
    done = run([(truth, seed) for seed in seeds for truth in truths], options.processes, for_verdicts)
    done |= run([("nulls", seed) for seed in range(1, options.nulls + 1)], options.processes, for_nulls)
    for truth in truths:
        wrong = [(seed, _amiss(truth, done[truth, seed])) for seed in seeds if not is_right(truth, done[truth, seed])]
        print(f"{truth:15}{len(seeds) - len(wrong):4} of {len(seeds)} right", *wrong, sep="\n    ")
    counts: Counter[str] = Counter()
    for seed in range(1, options.nulls + 1):
        counts.update(done["nulls", seed]["rejected"])
    for name in NULL_TESTS if options.nulls else ():
        print(f"{name:24}{100 * counts[name] / options.nulls:6.1f} %")
    if options.page:
        PAGE.write_text(page(done, seeds, options.nulls), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
