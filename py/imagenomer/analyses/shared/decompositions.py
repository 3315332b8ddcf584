"""What analyses of components share: which decomposition, of whom, and the words for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, cast

import numpy as np

from imagenomer import groups
from imagenomer.analyses.contract import (
    Choice,
    DecompositionChoice,
    Integer,
    Number,
)
from imagenomer.analyses.shared.form_fields import SampleFields, Seed, seed_field
from imagenomer.analyses.shared.sample import Sample, average_scans, counted, listed, sample_of, what
from imagenomer.cache import Kind
from imagenomer.cohort import Cohort, Decomposition
from imagenomer.errors import InputError
from imagenomer.groups.sentence import Sentence, whose
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.decomposition import NULL_SHARE, Axes, Factors, Negative, axes_of, principal_components
from imagenomer.statistics.independent_components import independent_components
from imagenomer.statistics.non_negative_factors import non_negative_factors
from imagenomer.statistics.sparse_components import sparse_components
from imagenomer.types import Float32Array, FloatArray, IntArray

METHODS = {
    "pca": "Principal components (PCA)",
    "ica": "Independent components (ICA)",
    "nmf": "Non-negative factors (NMF)",
    "dictionary": "Sparse dictionary",
}
#: The same, as they fit into a form.
_OFFERED = (
    ("pca", "PCA: principal"),
    ("ica", "ICA: independent"),
    ("nmf", "NMF: non-negative"),
    ("dictionary", "Sparse dictionary"),
)
_SHORT = {"pca": "PCA", "ica": "ICA", "nmf": "NMF", "dictionary": "sparse dictionary"}
#: Decompositions kept with the connectivity they were made from, by rows and what was asked: each has maps of many
#: components. And the directions in which subjects differ, by rows.
_FACTORS: Kind[tuple[bytes, str, int, str, float, int], Factors] = Kind("factors", 2)
_AXES: Kind[bytes, Axes] = Kind("axes", 2)

_COMPUTED = {"decomposition": (None,)}


@dataclass(frozen=True)
class MethodFields:
    """Components that came with the cohort, or the method that computes them."""

    decomposition: Annotated[str | None, DecompositionChoice()] = field(
        default=None, metadata={"help": "One that came with the data; without one, components are computed here."}
    )
    method: Annotated[str, Choice(_OFFERED)] = field(default="pca", metadata={"when": _COMPUTED})
    n_components: Annotated[int, Integer(minimum=1, maximum=200, step=1)] = field(
        default=10, metadata={"label": "Number of components", "when": _COMPUTED}
    )
    negative: Annotated[
        str,
        Choice((("refuse", "Refuse"), ("zero", "Set to zero"), ("absolute", "Take the magnitude"))),
    ] = field(
        default="refuse",
        metadata={
            "label": "Negative connectivity",
            "help": "Non-negative factors need values that are not negative.",
            "when": {**_COMPUTED, "method": ("nmf",)},
        },
    )
    sparsity: Annotated[float, Number(minimum=0.05, maximum=2.0, step=0.05)] = field(
        default=0.5,
        metadata={
            "help": "Higher values give components with fewer edges.",
            "when": {**_COMPUTED, "method": ("dictionary",)},
        },
    )
    seed: Seed = seed_field(
        help="Where the search starts; components that recur with another seed are more reliable.",
        when={**_COMPUTED, "method": ("ica", "nmf", "dictionary")},
    )


@dataclass(frozen=True)
class Source(SampleFields, MethodFields):
    """The part of a form that says which components: those that came with the cohort, or which to compute."""


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """Components, and the scores of those subjects who have them.

    Attributes
    ----------
    name : str
        "restpca", "PCA of fc of rest".
    method : str or None
        None: imported.
    sample : Sample or None
        Whose connectivity was decomposed; None: imported.
    numbers : ndarray, shape (n_components,)
        What each is called: from 0, as in the files of a decomposition.
    maps : ndarray, shape (n_components, n_edges), float32
    subjects : ndarray, shape (n_subjects,)
        Index in the cohort.
    scores : ndarray, shape (n_subjects, n_components)
    factors : Factors or None
        What was computed; None: imported.
    sentences, warnings : tuple of str
        Whose components these are and what was dropped, in plain words.
    """

    name: str
    method: str | None
    sample: Sample | None
    numbers: IntArray
    maps: Float32Array
    subjects: IntArray
    scores: FloatArray
    factors: Factors | None
    sentences: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    @property
    def n_components(self) -> int:
        return int(self.numbers.size)

    def position(self, number: int) -> int:
        """Return the row of a component by its number; raise `InputError` where there is none."""
        found = np.flatnonzero(self.numbers == number)
        if not found.size:
            raise InputError(
                f"{self.name} has no component {number}; it has {counted(self.n_components, 'component')}, "
                f"numbered from {self.numbers[0]} to {self.numbers[-1]}"
            )
        return int(found[0])


def decompose(cohort: Cohort, source: Source) -> Steps[Components]:
    """Return the components a form asks for, from the cache the second time.

    Raises
    ------
    InputError
        If a name is unknown, or too few subjects have what is needed.
    """
    if source.decomposition is not None:
        return _imported(cohort, source.decomposition, source.group)
    return (yield from _computed(cohort, source))


# --- those that came with the cohort -------------------------------------------------------------


def imported_from(cohort: Cohort, name: str) -> Decomposition:
    """Return a decomposition by name; raise `InputError` naming those there are."""
    if name not in cohort.decompositions:
        there_are = ", ".join(cohort.decompositions) or "none"
        raise InputError(f"no decomposition {name!r} in this cohort; it has: {there_are}")
    return cohort.decompositions[name]


def likely_task(cohort: Cohort, name: str) -> str | None:
    """Return the task that a decomposition's name begins with, the longest if several do; None where none does."""
    tasks = [task for task in cohort.tasks if task and name.lower().startswith(task.lower())]
    return max(tasks, key=len, default=None)


def _imported(cohort: Cohort, name: str, group: str | None) -> Components:
    decomposition = imported_from(cohort, name)
    selection = groups.select(cohort, group)
    scored = np.isfinite(decomposition.scores).all(axis=1)
    subjects = np.flatnonzero(selection.included & scored)
    found = Sentence(counted(subjects.size, "subject"), " (", *whose(group), ")")
    if subjects.size < 3:
        raise InputError(f"only {found} with scores of {name}, and at least 3 are needed; choose a larger group")
    said: list[str] = [Sentence(*found.parts, f" with the scores of {name} that came with the data.")]
    for reason, left_out in (
        ("whose group is unknown because a value is missing", selection.unknown),
        (f"without scores of {name}", selection.included & ~scored),
    ):
        if left_out.any():
            names = [cohort.subjects[index] for index in np.flatnonzero(left_out)]
            said.append(
                f"{counted(len(names), 'subject')} {reason} {'was' if len(names) == 1 else 'were'} left out: "
                f"{listed(names)}."
            )
    # How much of the variance a component carries: over everybody, so that a group has the components of the whole.
    lengths = np.einsum("ij,ij->i", decomposition.components, decomposition.components, dtype=np.float64)
    variance = decomposition.scores[scored].var(axis=0) * lengths
    kept = np.flatnonzero(variance > NULL_SHARE * variance.sum())
    null = np.setdiff1d(np.arange(variance.size), kept)
    if not kept.size:
        raise InputError(f"no component of {name} varies between subjects; choose another decomposition")
    if null.size:
        said.append(
            f"{'Component' if null.size == 1 else 'Components'} {listed(map(str, null))} of {name} "
            f"{'was' if null.size == 1 else 'were'} dropped: no more than rounding (less than {NULL_SHARE:g} of the "
            f"variance), as the mean of {counted(int(np.count_nonzero(scored)), 'subject')} uses up one dimension."
        )
    said.append("The sign of a component is arbitrary; it is kept as it came.")
    return Components(
        name,
        None,
        None,
        kept,
        decomposition.components[kept],
        subjects,
        decomposition.scores[np.ix_(subjects, kept)],
        None,
        tuple(said),
    )


# --- those computed here -------------------------------------------------------------------------


def _computed(cohort: Cohort, source: Source) -> Steps[Components]:
    n_components, seed = source.n_components, source.seed
    yield Progress("Choosing subjects")
    yield from average_scans(cohort, source)
    sample = sample_of(cohort, source, at_least=3)
    cache = sample.observations.caches[_FACTORS]
    own = sample.rows.tobytes()
    key = (own, source.method, n_components, source.negative, source.sparsity, seed)
    factors = cache.get(key)
    if factors is None:
        values, rows = sample.observations.values, sample.rows
        rng = np.random.default_rng(seed)
        if source.method == "nmf":
            negative = cast("Negative", source.negative)
            factors = yield from non_negative_factors(values, rows, n_components, rng, negative)
        else:
            axes = sample.observations.caches[_AXES].get(own)
            if axes is None:
                axes = sample.observations.caches[_AXES].put(own, (yield from axes_of(values, rows)))
            if source.method == "pca":
                factors = yield from principal_components(values, rows, axes, n_components)
            elif source.method == "ica":
                factors = yield from independent_components(values, rows, axes, n_components, rng)
            else:
                factors = yield from sparse_components(values, rows, axes, n_components, source.sparsity, rng)
        cache.put(key, factors)
    return Components(
        f"{_SHORT[source.method]} of {observed(cohort, sample)}",
        source.method,
        sample,
        np.arange(len(factors.components)),
        factors.components,
        sample.subjects,
        factors.scores,
        factors,
        (*sample.sentences, *_method_sentences(source, factors, sample, n_components)),
        tuple(_convergence_warnings(factors)),
    )


def observed(cohort: Cohort, sample: Sample) -> str:
    """Return what a sample is of, for titles and sentences."""
    return what(cohort, sample.measure, sample.task, sample.session, sample.run)


def _method_sentences(source: Source, factors: Factors, sample: Sample, n_asked: int) -> list[str]:
    """Say what was computed, with the choices that determine it."""
    k = len(factors.components)
    n_gaps = int(np.count_nonzero(np.isnan(factors.components[0])))
    said = [
        _METHOD_SENTENCES[source.method].format(k=counted(k, "component"), seed=source.seed, sparsity=source.sparsity)
    ]
    if source.method == "nmf" and source.negative != "refuse":
        made = "was set to 0" if source.negative == "zero" else "was replaced by its magnitude"
        said.append(f"Negative connectivity {made} first.")
    if k + factors.n_empty < n_asked:
        said.append(
            f"{n_asked} components were asked for and there are {k}: the others lie in the null space (less than "
            f"{NULL_SHARE:g} of the variance), as the mean of {counted(sample.n_subjects, 'subject')} uses up one "
            "dimension."
            if source.method != "nmf"
            else f"{n_asked} components were asked for; {counted(sample.n_subjects, 'subject')} allow {k}."
        )
    if factors.n_empty:
        said.append(f"{counted(factors.n_empty, 'component')} kept no edge and {_was(factors.n_empty)} dropped.")
    if n_gaps:
        said.append(f"{counted(n_gaps, 'edge')} with missing or non-finite values {_was(n_gaps)} excluded.")
    if source.method != "nmf":
        said.append(
            "The sign of a component is arbitrary: its largest edge in magnitude was made positive, and scores follow."
        )
    return said


_METHOD_SENTENCES = {
    "pca": "{k}: principal components of the deviations from the mean over these subjects; edges are not scaled.",
    "ica": "{k}: spatial independent components (FastICA; maps as independent over edges as possible) of as many "
    "principal components of the deviations from the mean, seed {seed}; what explains most comes first.",
    "nmf": "{k}: non-negative factors of connectivity itself, by least squares, seed {seed}; what explains most comes "
    "first.",
    "dictionary": "{k}: a dictionary of sparse maps of as many principal components of the deviations from the mean, "
    "sparsity {sparsity:g}, seed {seed}; scores are fitted by least squares; what explains most comes first.",
}


def _convergence_warnings(factors: Factors) -> list[str]:
    said = []
    if not factors.converged:
        said.append(
            f"The search did not converge in {factors.n_iterations} iterations, so the components are approximate; "
            "choose fewer, and compare seeds."
        )
    return said


def _was(n: int) -> str:
    return "was" if n == 1 else "were"


def component_names(numbers: Sequence[int] | IntArray) -> list[str]:
    """Return what components are called."""
    return [f"Component {number}" for number in numbers]
