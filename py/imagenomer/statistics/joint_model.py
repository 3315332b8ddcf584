"""Joint model: the candidates that are adjusted for together, and products of pairs of them.

They are chosen by double selection (`double_selection`), or are those of another sample.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imagenomer.progress import Steps
from imagenomer.statistics.double_selection import ENTRY_P, f_test_p, select_joint
from imagenomer.statistics.flexible_columns import flexible_columns, plain_columns
from imagenomer.statistics.remainders import Before, CandidateExplanation, Remainder, Scores
from imagenomer.statistics.verdict import LEAST
from imagenomer.types import BoolArray, FloatArray, Variable

#: Products of two candidates have at most this share of the subjects in columns.
_MOST_PRODUCTS = 1 / 20


@dataclass(frozen=True, slots=True, eq=False)
class JointModel:
    """Candidates that are adjusted for together.

    Attributes
    ----------
    names : tuple of str
        The clearest first; none where no candidate matters.
    products : mapping of (str, str) to Remainder
        Pairs of them whose products are in the model, and what remains given both and their products.
    known : ndarray of bool, shape (n_subjects,)
        Who of the sample has all of them.
    columns : ndarray, shape (n_known, n_columns)
        Without the constant.
    """

    names: tuple[str, ...]
    products: Mapping[tuple[str, str], Remainder]
    known: BoolArray
    columns: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """Products of two candidates, of everybody, and what remains given both and these."""

    columns: FloatArray
    remainder: Remainder


@dataclass(frozen=True, slots=True, eq=False)
class JointChoice:
    """What is adjusted for together: candidates, the clearest first, and products of pairs of them."""

    names: tuple[str, ...]
    products: Mapping[tuple[str, str], Product]


def choose_joint(
    scores: Scores, found: Mapping[str, CandidateExplanation], candidates: Mapping[str, Variable], before: Before
) -> Steps[JointChoice]:
    """Choose the joint model by double selection, and products that matter beyond their candidates.

    Parameters
    ----------
    scores : Scores
    found : mapping of str to CandidateExplanation
        Of the candidates that may be adjusted for.
    candidates : mapping of str to Variable
        At least those.
    before : Before
    """
    products = yield from _products(scores, [candidates[name] for name in found], before)
    names = _joint_names(scores, found, candidates, tuple(products))
    return JointChoice(names, {pair: one for pair, one in products.items() if {*pair} <= {*names}})


def repeat_joint(
    scores: Scores, found: Mapping[str, CandidateExplanation], candidates: Mapping[str, Variable], model: JointModel
) -> Steps[JointChoice]:
    """Take the joint model of another sample, as far as it can be had here, whatever matters in this one.

    Left out are candidates that say the same as the target here or that few have, and products that not everybody has.

    Parameters
    ----------
    scores, found, candidates
        As for `choose_joint`.
    model : JointModel
        The other sample's.
    """
    names = tuple(name for name in model.names if name in found and _is_usable(found[name]))
    products = {}
    for pair in model.products:
        if {*pair} <= {*names} and scores.known(*(candidates[name] for name in pair)).all():
            products[pair] = yield from _product(scores, candidates[pair[0]], candidates[pair[1]])
    return JointChoice(names, products)


def _is_usable(one: CandidateExplanation) -> bool:
    """Whether a candidate can be adjusted for: enough subjects have it, and it says something else than the target."""
    return one.remainder.n_subjects >= LEAST and not one.is_alias


def _product(scores: Scores, one: Variable, other: Variable) -> Steps[Product]:
    """Return the products of two candidates that everybody has, and what remains given both and these."""
    everybody = np.ones(scores.sample.n_subjects, dtype=bool)
    subjects = scores.sample.subjects
    products = _products_of_columns(plain_columns(one, subjects), plain_columns(other, subjects))
    mains = [flexible_columns(one, subjects), flexible_columns(other, subjects)]
    remainder, _ = yield from scores.remainder(everybody, np.column_stack([*mains, products]))
    return Product(products, remainder)


def _products_of_columns(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the products of each column of one with each of the other, shape (n, n_first * n_second)."""
    return (first[:, :, None] * second[:, None]).reshape(len(first), -1)


def _products(scores: Scores, candidates: list[Variable], before: Before) -> Steps[dict[tuple[str, str], Product]]:
    """Return the products of two candidates that are associated with target and scores beyond the two."""
    subjects, n = scores.sample.subjects, scores.sample.n_subjects
    whole = {one.name: one for one in candidates if scores.known(one).all()}
    n_pairs = len(whole) * (len(whole) - 1) / 2
    found = {}
    plain = {name: plain_columns(one, subjects) for name, one in whole.items()}
    flexible = {name: flexible_columns(one, subjects) for name, one in whole.items()}
    for one, other in itertools.combinations(plain, 2):
        first, second = plain[one], plain[other]
        if first.shape[1] * second.shape[1] > _MOST_PRODUCTS * n:
            continue
        products = _products_of_columns(first, second)
        mains = np.column_stack([np.ones(n), flexible[one], flexible[other]])
        p_value = max(f_test_p(outcome, products, mains) for outcome in (before.target, before.scores))
        if p_value * n_pairs < ENTRY_P:
            found[one, other] = yield from _product(scores, whole[one], whole[other])
    return found


def _joint_names(
    scores: Scores,
    found: Mapping[str, CandidateExplanation],
    candidates: Mapping[str, Variable],
    pairs: tuple[tuple[str, str], ...],
) -> tuple[str, ...]:
    """Return the candidates of the joint model: not those that say the same as the target, or that few have."""
    usable = {name: one for name, one in found.items() if _is_usable(one)}
    return select_joint(
        {name: min(one.p_target, one.p_score) for name, one in usable.items()},
        {name: one.n_columns for name, one in usable.items()},
        {name: scores.known(candidates[name]) for name in usable},
        tuple(name for pair in pairs for name in pair if name in usable),
    )
