"""Which edges are significant: corrections by p-value, and by permuting subjects; and the words for both."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, cast

import numpy as np
import scipy
from numpy.typing import NDArray

from imagenomer.analyses.contract import Answer
from imagenomer.analyses.shared.linear_model import Model, reorder
from imagenomer.analyses.shared.plan import Plan
from imagenomer.analyses.shared.sample import counted
from imagenomer.cohort import Cohort, Phenotype, natural_key
from imagenomer.errors import InputError
from imagenomer.progress import Steps
from imagenomer.statistics.block_exchange import BlockExchange
from imagenomer.statistics.correction import Method, adjust_neg_log10, n_tests, p_threshold, rejected
from imagenomer.statistics.design import Design, Term
from imagenomer.statistics.enhancement import EnhancedEdges, enhance
from imagenomer.statistics.max_statistic import MaxStatistic, max_statistic
from imagenomer.statistics.network_statistic import NetworkBasedStatistic, network_based_statistic, threshold_of_p
from imagenomer.statistics.permutation import Alternative
from imagenomer.types import BoolArray, FloatArray, IntArray

#: Corrections by what they are called, those that need p-values only first.
BY_P = {
    "bonferroni": "Bonferroni",
    "holm": "Holm",
    "bh": "Benjamini-Hochberg",
    "by": "Benjamini-Yekutieli",
}
PERMUTED = {"max-t": "permutation max-T", "nbs": "network-based statistic", "tfce": "TFCE"}
CORRECTIONS = BY_P | PERMUTED
#: Those that take edges of one sign where that is asked for, and which edges then count.
DIRECTED = ("nbs", "tfce")
DIRECTIONS = (("two-sided", "Both: |t|"), ("greater", "Greater: t > 0"), ("less", "Less: t < 0"))

#: What permuting subjects found.
Permuted: TypeAlias = MaxStatistic | NetworkBasedStatistic | EnhancedEdges


def controls(correction: str) -> str:
    """Return which error a correction controls."""
    return "false discovery rate" if correction in ("bh", "by") else "family-wise error"


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """Which edges are significant.

    Attributes
    ----------
    correction : str
        A key of `CORRECTIONS`.
    alpha : float
    neg_log10_p : ndarray, shape (n_edges,)
        Of the corrected p-values; NaN where an edge was not tested and, in the network-based statistic, where it is in
        no component.
    significant : ndarray of bool, shape (n_edges,)
    p_threshold : float or None
        The uncorrected p-value at or below which an edge is significant, where there is one.
    permuted : MaxStatistic, NetworkBasedStatistic, EnhancedEdges or None
        None where p-values sufficed.
    alternative : {"two-sided", "greater", "less"}
        Which edges counted: those with ``|t|`` (or F), with t > 0, or with t < 0.
    """

    correction: str
    alpha: float
    neg_log10_p: FloatArray
    significant: BoolArray
    p_threshold: float | None
    permuted: Permuted | None = field(default=None)
    alternative: Alternative = "two-sided"

    @property
    def n_significant(self) -> int:
        return int(np.count_nonzero(self.significant))

    @property
    def correction_name(self) -> str:
        return CORRECTIONS[self.correction]

    @property
    def p_value(self) -> FloatArray:
        """The corrected p-values."""
        return np.asarray(10**-self.neg_log10_p)


def alternative_of(direction: str, correction: str, model: Model) -> Alternative:
    """Return which edges count; raise `InputError` where a direction is asked of F, which has none.

    Parameters
    ----------
    direction : "two-sided", "greater" or "less"
        As a form has it.
    correction : str
        Of those that are not in `DIRECTED` the direction is hidden in the form, and both count.
    model : Model
    """
    if correction not in DIRECTED or direction == "two-sided":
        return "two-sided"
    if model.n_tested > 1:
        raise InputError(
            f"{model.name} is tested by F, which has no direction; choose one of its levels, or both directions"
        )
    return cast("Alternative", direction)


def judge_by_p(neg_log10_p: FloatArray, correction: str, alpha: float) -> Decision:
    """Decide by the p-values of all edges."""
    method = cast("Method", correction)
    significant = rejected(neg_log10_p, method, alpha)
    # Bonferroni's threshold is fixed beforehand; the others' follow from what is significant.
    has_threshold = n_tests(neg_log10_p) and (method == "bonferroni" or significant.any())
    threshold = p_threshold(neg_log10_p, method, alpha) if has_threshold else None
    return Decision(correction, alpha, adjust_neg_log10(neg_log10_p, method), significant, threshold)


def judge_by_permutation(
    cohort: Cohort,
    values: NDArray[np.floating[Any]],
    rows: IntArray,
    model: Model,
    plan: Plan,
    correction: str,
    alpha: float,
    threshold: float = 0.001,
    alternative: Alternative = "two-sided",
) -> Steps[Decision]:
    """Decide by permuting subjects, or by flipping signs where the question is a robust one.

    Parameters
    ----------
    cohort : Cohort
    values : ndarray, shape (n_rows, n_edges), C-ordered
        Edges or, for max-T, any features.
    rows : ndarray, shape (n_subjects,)
        The rows of the model's subjects, in its order.
    model, plan
    correction : "max-t", "nbs" or "tfce"
    alpha : float
    threshold : float
        For components (`threshold_of`).
    alternative : {"two-sided", "greater", "less"}
        Which edges count (`alternative_of`).
    """
    arguments, options = permutation_arguments(cohort, rows, model, plan)
    if correction == "max-t":
        largest = yield from max_statistic(values, *arguments, **options)
        limit = largest.threshold(alpha)
        # Flipped signs know no p-value that holds of other t than theirs.
        p_limit = _p_of(limit, model) if np.isfinite(limit) and not model.question.robust else None
        return _verdict(correction, alpha, largest.adjusted_p, largest, p_limit)
    options["alternative"] = alternative
    if correction == "tfce":
        enhanced = yield from enhance(values, *arguments, **options)
        return replace(_verdict(correction, alpha, enhanced.adjusted_p, enhanced), alternative=alternative)
    options["threshold"] = threshold_of(threshold, model, alternative)
    found = yield from network_based_statistic(values, *arguments, **options)
    p_value = np.append(found.p_extent, np.nan)[found.component]  # -1, in no component, takes the last
    return replace(_verdict(correction, alpha, p_value, found), alternative=alternative)


def permutation_arguments(
    cohort: Cohort, rows: IntArray, model: Model, plan: Plan
) -> tuple[tuple[IntArray, Term, Design], dict[str, Any]]:
    """Return what every kernel of `permutation` and `networks` takes after the values: rows, target, covariates.

    Subjects are put into the order of their names first, so that a seed means the same whatever the order of a file.
    """
    names = [cohort.subjects[index] for index in model.subjects]
    order = np.array(sorted(range(len(names)), key=lambda index: natural_key(names[index])), dtype=np.intp)
    options = {
        "n_permutations": plan.n_permutations,
        "rng": np.random.default_rng(plan.seed),
        "blocks": plan.exchangeable(model.subjects[order]),
    }
    if model.question.robust:
        options["flip_by"] = _as_they_appear(model, order)
    return (rows[order], *reorder(model, order)), options


def _as_they_appear(model: Model, order: IntArray) -> IntArray:
    """Return whose signs are flipped together, of subjects in some order, numbered as they first appear."""
    if model.families is None:
        return np.arange(order.size)
    first, codes = np.unique(model.families[order], return_index=True, return_inverse=True)[1:]
    return np.asarray(np.argsort(np.argsort(first))[codes.reshape(-1)])


def threshold_of(given: float, model: Model, alternative: Alternative = "two-sided") -> float:
    """Return the t or F that a form's threshold means: below 1 it is an uncorrected p-value, of one side if only one
    counts."""
    return threshold_of_p(given, model.dof, alternative, model.n_tested) if given < 1 else given


# --- words ---------------------------------------------------------------------------------------


def decided(decision: Decision, model: Model, tested: int) -> Answer:
    """Say how many edges are significant, and by which rule."""
    n, alpha = decision.n_significant, decision.alpha
    rule = f"{decision.correction_name}, {controls(decision.correction)} {alpha:g}"
    begun = f"{n:,} of {counted(tested, 'edge')} significant: {rule}"
    permuted = decision.permuted
    if isinstance(permuted, MaxStatistic):
        limit = permuted.threshold(alpha)
        if decision.p_threshold is None:
            return Answer(f"{begun}.")
        return Answer(f"{begun}, {statistic_of(model)} above {limit:.4g} (p below {decision.p_threshold:.3g}).")
    if isinstance(permuted, NetworkBasedStatistic):
        n_found = permuted.extent.size
        n_kept = int(np.count_nonzero(permuted.p_extent <= alpha))
        p = _p_of(permuted.threshold, model) / (1 if decision.alternative == "two-sided" else 2)
        return Answer(
            f"Edges with {statistic_of(model, decision.alternative)} above {permuted.threshold:.4g} "
            f"(p below {p:.3g}, uncorrected) form "
            f"{counted(n_found, 'component')}; {n_kept:,} of them, with {counted(n, 'edge')} of "
            f"{tested:,}, {'is' if n_kept == 1 else 'are'} significant by the number of edges: {rule}."
        )
    return Answer(
        f"{begun}." if decision.p_threshold is None else f"{begun}, p at or below {decision.p_threshold:.3g}."
    )


def about_permutations(decision: Decision, model: Model, plan: Plan) -> list[str]:
    """Say what was permuted, how often, and how precise the p-values are; nothing where p-values sufficed."""
    if decision.permuted is None:
        return []
    said = permutations_in_words(model, plan, decision.alpha)
    if decision.alternative != "two-sided":
        more = "greater" if decision.alternative == "greater" else "smaller"
        rises = "increase" if decision.alternative == "greater" else "decrease"
        which = f"are {more} where {model.name}" if model.level is not None else f"{rises} with {model.name}"
        if model.question.moderator is not None:
            which = f"have a {'positive' if decision.alternative == 'greater' else 'negative'} t of {model.name}"
        said.append(
            f"One-sided: only edges that {which} count, as decided before looking at the data; testing both directions "
            "one after the other needs half the alpha for each."
        )
    if isinstance(decision.permuted, NetworkBasedStatistic):
        said.append(
            "A component is significant as a whole, not each of its edges; another threshold gives other components."
        )
    if isinstance(decision.permuted, EnhancedEdges):
        said.append(
            "The score of an edge grows with its statistic and with how many edges are connected to it at every "
            "threshold (E 0.4, H 3); part of the score of a significant edge comes from its neighbours."
        )
    return said


def permutations_in_words(model: Model, plan: Plan, alpha: float) -> list[str]:
    """Say what was permuted, how often, and how precise the p-values are."""
    if model.question.robust:
        said = plan_in_words("the residuals of the reduced model", model.subjects, plan, alpha, "sign flips")
        related = model.question.related
        whose = "subject" if related is None else "family"
        allowed = "unequal variances" if related is None else f"unequal variances and relatives ({related.name})"
        return [
            *said,
            f"The contribution of each {whose} to the score of all features is flipped in sign or left (Hemerik, "
            f"Goeman and Finos 2020), which allows {allowed}; t is the score in its standard errors.",
        ]
    what = "subjects" if model.design.rank == 1 else "the residuals of the reduced model"
    who = " (Freedman and Lane)" if model.design.rank > 1 else ""
    return plan_in_words(f"{what}{who}", model.subjects, plan, alpha)


def plan_in_words(what: str, subjects: IntArray, plan: Plan, alpha: float, noun: str = "permutations") -> list[str]:
    """Say how often something is permuted, among whom, and how precise the p-values are."""
    if plan.exchange is not None and plan.exchange.listed:
        said = [
            f"All {plan.exchange.n_distinct:,.0f} distinct {noun} of {what} were used, the actual order "
            f"included: p is exact, whatever the seed, and the smallest possible p is {plan.smallest_p:.3g}."
        ]
    else:
        error = 1.96 * np.sqrt(alpha * (1 - alpha) / plan.n_permutations)
        said = [
            f"{plan.n_permutations:,} {noun} of {what}, seed {plan.seed}: the smallest possible p is "
            f"{plan.smallest_p:.3g}; Monte Carlo error at p = {alpha:g}: ±{error:.2g}."
        ]
        if plan.exchange is not None:
            said.append(f"There are {_many(plan.exchange.n_distinct)} distinct {noun}.")
    if plan.blocks is not None:
        said.append(_blocks_in_words(plan.blocks, plan.permuted, subjects))
    return said


def _blocks_in_words(blocks: Phenotype, permuted: BlockExchange, subjects: IntArray) -> str:
    n = np.unique(blocks.values[subjects]).size
    if permuted == "within":
        return f"Subjects are permuted only within the {counted(n, 'level')} of {blocks.name}."
    sizes = np.unique(np.unique(blocks.values[subjects], return_counts=True)[1])
    and_within = ", and subjects within them" if permuted == "both" else ""
    return (
        f"The {counted(n, 'level')} of {blocks.name} are permuted as wholes{and_within} (Winkler et al. 2015): those "
        f"of as many subjects, of which there are {counted(sizes.size, 'size')}, are exchanged."
    )


def _many(n_distinct: float) -> str:
    """Write a number of permutations, which may be very large."""
    if n_distinct < 1e6:
        return f"{n_distinct:,.0f}"
    return "more than 10^300" if n_distinct > 1e300 else f"more than 10^{int(np.log10(n_distinct))}"


def permutation_warnings(plan: Plan, alpha: float) -> list[str]:
    """Say if so few permutations cannot make anything significant."""
    if plan.smallest_p <= alpha:
        return []
    if plan.exchange is not None and plan.exchange.n_alike / plan.exchange.n_distinct > alpha:
        return [
            f"There are only {counted(int(plan.exchange.n_distinct), 'distinct permutation')}, so p cannot be below "
            f"{plan.smallest_p:.3g} and nothing can be significant at {alpha:g}; choose a larger group, or larger "
            "blocks."
        ]
    return [
        f"{counted(plan.n_permutations, 'permutation')} cannot give a p below {plan.smallest_p:.3g}, so nothing can be "
        f"significant at {alpha:g}; ask for more."
    ]


def statistic_of(model: Model, alternative: Alternative = "two-sided") -> str:
    if model.n_tested > 1:
        return "F"
    return {"two-sided": "|t|", "greater": "t", "less": "−t"}[alternative]


def _verdict(
    correction: str, alpha: float, p_value: FloatArray, permuted: Permuted, p_limit: float | None = None
) -> Decision:
    return Decision(correction, alpha, -np.log10(p_value) + 0.0, p_value <= alpha, p_limit, permuted)


def _p_of(statistic: float, model: Model) -> float:
    f = statistic**2 if model.n_tested == 1 else statistic
    return float(scipy.special.fdtrc(model.n_tested, model.dof, f))
