"""What is wrong with covariates, and with groups that are compared, in sentences for a reader of the result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from imagenomer.analyses.shared.sample import counted, listed
from imagenomer.statistics.category_difference import CategoryDifference
from imagenomer.statistics.design import (
    SUBJECTS_PER_COLUMN,
    AliasedColumn,
    CollinearColumn,
    ConstantVariable,
    Design,
    FewSubjects,
    Finding,
    SaturatedSubjects,
    SingleSubjectLevel,
)
from imagenomer.statistics.difference import NumberDifference


def design_warnings(findings: Iterable[Finding]) -> list[str]:
    """Say what a reader should know about the covariates of a linear model, a sentence for each finding."""
    return [_sentence(finding) for finding in findings]


def _sentence(finding: Finding) -> str:
    match finding:
        case ConstantVariable(name, n_subjects, value):
            shown = f"{value:g}" if isinstance(value, float) else value
            return f"{name} is left out: all {n_subjects} subjects have the same value, {shown}."
        case SingleSubjectLevel(variable, level):
            return f"{level} of {variable} has one subject, who is fitted exactly and carries no information."
        case AliasedColumn(column, sources):
            return f"{column} is left out: for these subjects it {_origin(sources)}."
        case CollinearColumn(column, share, others):
            return (
                f"{share:.0%} of the variance of {column} follows from {_joined(others)}: their separate "
                "effects are poorly estimated, but adjusting for them together is not affected."
            )
        case SaturatedSubjects(1):
            return (
                "One subject has leverage 1 (unique in the covariates), is fitted exactly and carries no information."
            )
        case SaturatedSubjects(n_subjects):
            return (
                f"{n_subjects} subjects have leverage 1 (each unique in the covariates), are fitted exactly and carry "
                "no information."
            )
        case FewSubjects(n_subjects, n_columns):
            return (
                f"{n_subjects} subjects for a model of {n_columns} columns are few: a common rule asks for "
                f"{SUBJECTS_PER_COLUMN} subjects per column."
            )


def not_used_in_words(names: Iterable[str], design: Design) -> str:
    """Say of covariates that are not in the model why: " (site does not vary here)"; "" where all are."""
    constant = {finding.name for finding in design.findings if isinstance(finding, ConstantVariable)}
    said = [
        f"{name} {'does not vary here' if name in constant else 'follows from the others'}"
        for name in names
        if name not in design.used
    ]
    return f" ({'; '.join(said)})" if said else ""


def adjusted_in_words(names: Sequence[str], ancestry_components: int, design: Design, unadjusted: str) -> str:
    """Say what genotypes are adjusted for: covariates that are in the model, and components of ancestry."""
    used = list(design.used_of(names))
    if ancestry_components:
        used.append(counted(ancestry_components, "ancestry component"))
    return (f"adjusted for {listed(used)}" if used else unadjusted) + not_used_in_words(names, design)


def _origin(sources: tuple[str, ...]) -> str:
    if len(sources) > 1:
        return f"follows from {_joined(sources)}"
    return f"says the same as {sources[0]}" if sources else "does not vary"


def _joined(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def difference_warnings(difference: NumberDifference | CategoryDifference) -> list[str]:
    """Say what makes tests of a difference between groups doubtful or impossible."""
    said = []
    if difference.n_empty:
        said.append(f"{difference.n_empty} of {difference.n_groups} groups have no values and are left out.")
    if isinstance(difference, CategoryDifference):
        if difference.n_small_expected:
            n_cells = int((difference.expected > 0).sum())
            said.append(
                f"{difference.n_small_expected} of {n_cells} expected counts are below 5, so the chi-squared p-value "
                "is approximate."
            )
    elif difference.only_ranks == "single value":
        said.append("A group has a single value; tests that need its variance are omitted.")
    elif difference.only_ranks == "no variation":
        said.append("No group varies, so t and F are not defined; only ranks can be compared.")
    return said
