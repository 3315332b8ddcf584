"""Cohorts in which there is nothing to find, and every test that promises how often it finds something all the same."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np

import planted_cohorts
from imagenomer.cohort import Cohort, Phenotype
from imagenomer.progress import finish
from imagenomer.statistics.confounding import partial_confounder_test
from imagenomer.statistics.design import build_design, code
from imagenomer.statistics.folds import k_fold
from imagenomer.statistics.max_statistic import max_statistic
from imagenomer.statistics.models import Ridge
from imagenomer.statistics.overlap import edge_overlap, strongest
from imagenomer.statistics.pairwise import associate_pairs
from imagenomer.statistics.prediction import cross_validate
from imagenomer.statistics.prediction_checks import permutation_test
from imagenomer.statistics.qc_fc import qc_fc
from imagenomer.statistics.sample_space import sample_space
from imagenomer.statistics.score_test import score_test
from imagenomer.statistics.tails import neg_log10_p_of_share
from imagenomer.teaching import PURE_CONFOUND, REAL_EFFECT, Effect, Recipe, Size, generate

# Enough people for folds and strata; few edges and variants, since a thousand cohorts are drawn.
SIZE = Size(120, "schaefer-100-7", ("rest",), 20)
PERMUTATIONS = 199
# Connectivity is moved by what is recorded.
_SCORE_OF_NOTHING = Recipe(connectivity={"age": Effect(1.23, 9), "sex": Effect(2.0, 8), "ancestry": Effect(4.0, 12)})

#: What is tested in cohorts where the null hypothesis holds, by the name in the records.
NULL_TESTS = MappingProxyType(
    {
        "phenotypes": "two phenotypes (score and site), uncorrected",
        "edges-bonferroni": "every edge, Bonferroni: one false positive or more",
        "edges-max-t": "every edge, permutation max-T: one or more",
        "edges-max-t-adjusted": "the same, adjusted for the confounder (Freedman-Lane)",
        "edges-max-t-within": "the same, permuted within levels of the confounder",
        "prediction": "prediction, permutation p",
        "prediction-within": "the same, permuted within levels of the confounder (restricted permutation)",
        "confounder-number": "partial confounder test, a number",
        "confounder-number-published": "the same as published, not used here",
        "confounder-category": "partial confounder test, a category",
        "confounder-category-published": "the same as published, not used here",
        "overlap-edges": "overlap, edges shared with ancestry group",
        "overlap-maps": "overlap, similarity of the two maps",
        "overlap-within": "similarity of the two maps, permuted within levels of the confounder",
        "qc-fc-edges": "QC-FC, share of edges associated with motion",
        "qc-fc-distance": "QC-FC, dependence on distance",
        "qc-fc-match": "QC-FC, match with permuted subjects",
    }
)


#: Of `planted_cohorts`, those in which there is nothing to find: who differ in noise, and relatives.
FLIPPED = (
    "nothing, real noise",
    "noisy patients, SD x1.2",
    "noisy patients, SD x1.4",
    "noisy patients, SD x1.8",
    "motion as target, noise grows with it",
    "twins",
    "families of four",
)
#: Looks of the sign-flip test.
LOOKS = MappingProxyType(
    {"p_value": "together", "whole": "all edges", "prediction": "prediction", "strongest": "strongest edge"}
)


def flip_rejections(truth: str, seed: int) -> dict[str, Any]:
    """Test by sign flips, as the verdict does first, where there is nothing to find; 1 where p is at most .05."""
    cohort = planted_cohorts.draw(truth, seed)
    everybody, values = np.arange(cohort.n_subjects), cohort.measures["fc"].values
    families = cohort.phenotypes.get("family")
    test = finish(
        score_test(
            finish(sample_space(values, everybody)).gram,
            values,
            everybody,
            code(cohort.phenotype("score"), everybody).values,
            np.zeros((cohort.n_subjects, 0)),
            n_flips=PERMUTATIONS,
            rng=np.random.default_rng([seed, 9]),
            clusters=None if families is None else np.asarray(families.values, dtype=np.intp),
        )
    )
    return {"rejected": {look: int(getattr(test, look) <= 0.05) for look in LOOKS}}


def rejections(seed: int) -> dict[str, Any]:
    """Run every test where its null hypothesis holds; 1 where p is at most .05."""
    p_values = {**_of_a_score_of_nothing(seed), **_of_a_confounded_score(seed), **_of_predictions(seed)}
    return {"rejected": {name: int(p_values[name] <= 0.05) for name in NULL_TESTS}}


def _of_a_score_of_nothing(seed: int) -> dict[str, float]:
    cohort = finish(generate(SIZE, seed, _SCORE_OF_NOTHING))
    null = _Null(cohort, seed, _score(cohort, seed))
    both = finish(associate_pairs([null.target, cohort.phenotype("site")], null.subjects))
    edges = null.max_t()
    similar, shared = null.overlap("ancestry")
    return {
        "phenotypes": float(10 ** -both.neg_log10_p[0, 1]),
        "edges-bonferroni": float(10 ** -edges[1].max()) * edges[1].size,
        "edges-max-t": edges[0],
        "prediction": null.prediction(),
        **null.qc_fc(),
        "overlap-maps": similar,
        "overlap-edges": shared,
    }


def _of_a_confounded_score(seed: int) -> dict[str, float]:
    cohort = finish(generate(SIZE, seed, PURE_CONFOUND))
    groups = cohort.phenotype("ancestry")
    null = _Null(cohort, seed, _score(cohort, seed, groups.indicator("EA")))
    within = groups.values.astype(np.intp)
    return {
        "edges-max-t-adjusted": null.max_t(adjusted_for=groups)[0],
        "edges-max-t-within": null.max_t(blocks=within)[0],
        "prediction-within": null.prediction(blocks=within),
        "overlap-within": null.overlap("ancestry", blocks=within)[0],
    }


def _score(cohort: Cohort, seed: int, cause: Any = 0.0) -> Phenotype:
    """Return a score that depends on a cause, or on nothing.

    The score of the cohorts does not do: it is balanced over the groups, to be alike in every seed, and tests of a
    balanced score are conservative.
    """
    rng = np.random.default_rng([seed, 3])
    return Phenotype("score", 1.3 * cause + rng.standard_normal(cohort.n_subjects))


def _of_predictions(seed: int) -> dict[str, float]:
    """Predict a score from connectivity, and test variables associated with that score as confounders."""
    cohort = finish(generate(SIZE, seed, REAL_EFFECT))
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
            n_permutations=PERMUTATIONS,
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
                n_permutations=PERMUTATIONS,
                rng=self._rng,
                blocks=blocks,
            )
        )
        share = found.statistic**2 / (found.statistic**2 + found.dof)
        return float(found.adjusted_p.min()), neg_log10_p_of_share(share, 1, np.full(share.shape, found.dof))

    def prediction(self, blocks: Any = None) -> float:
        steps = permutation_test(self._space, self._goal, self._folds, Ridge(), PERMUTATIONS, self._rng, blocks=blocks)
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
                n_permutations=PERMUTATIONS,
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
                n_permutations=PERMUTATIONS,
                rng=self._rng,
                blocks=blocks,
            )
        )
        return float(found.similarity_p[0]), float(found.shared_p[0])


def _correlations(values: Any, target: Any) -> Any:
    edges = values - values.mean(axis=0)
    about = target - target.mean()
    return (about @ edges) / np.sqrt((edges**2).sum(axis=0) * (about**2).sum())
