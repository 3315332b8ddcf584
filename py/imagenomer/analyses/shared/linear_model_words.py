"""Linear models in words: what is tested and adjusted for, how, and what could mislead."""

from __future__ import annotations

import numpy as np

from imagenomer.analyses.shared.coded import coded_warnings
from imagenomer.analyses.shared.design_words import design_warnings, not_used_in_words
from imagenomer.analyses.shared.edge_fits import Fit, SpreadTest, effect_of
from imagenomer.analyses.shared.families import family_warnings
from imagenomer.analyses.shared.linear_model import Model
from imagenomer.analyses.shared.sample import counted, listed
from imagenomer.cohort import Cohort
from imagenomer.statistics.orthonormal import residuals
from imagenomer.statistics.tails import fits_exactly
from imagenomer.statistics.unequal_variance import effective_dof
from imagenomer.wording import minus

#: Fewer subjects than this at a level, and its p-values rest on assumptions that so few cannot support.
_FEW = 10
#: Share of the tested phenotype's variance that covariates explain above which little is left to test.
_MOSTLY_EXPLAINED = 0.9

#: Below this p-value the spread of subjects is said to vary with what is tested.
_UNEQUAL = 0.01


#: Effective degrees of freedom below which it is said that few subjects carry what is tested.
_FEW_EFFECTIVE = 10


def statistic_name(model: Model) -> str:
    """Return what a map of the effect shows: "Pearson's r", "Partial rho", "Partial η²"."""
    ranked, alone = model.question.ranked, model.design.rank == 1
    if model.n_tested > 1:
        return ("η²" if alone else "Partial η²") + (" of ranks" if ranked else "")
    if alone:
        return "Spearman's rho" if ranked else "Pearson's r"
    return "Partial rho" if ranked else "Partial r"


def symbol_of(model: Model) -> str:
    """Return the effect in a formula."""
    if model.n_tested > 1:
        return "η²"
    return "rho" if model.question.ranked else "r"


def effect_key(model: Model) -> str:
    """Return what arrays and tables call the effect."""
    return "r" if model.n_tested == 1 else "partial_eta_squared"


def degrees_in_words(model: Model) -> str:
    if model.n_tested == 1:
        return f"{model.dof} degrees of freedom"
    return f"F with {model.n_tested} and {model.dof} degrees of freedom"


def adjustment_in_words(model: Model) -> str:
    not_used = not_used_in_words((one.name for one in model.question.covariates), model.design)
    return f"adjusted for {model.adjusted_for}{not_used}" if model.used else f"no covariate is adjusted for{not_used}"


def variance_in_words(model: Model) -> list[str]:
    """Say how unequal variances and relatives are allowed for; nothing where subjects are taken to be alike."""
    related = model.question.related
    if not model.question.robust:
        return []
    effective = effective_dof(model.tested, model.design, model.families)
    how = f"{effective:.1f} effective degrees of freedom (Satterthwaite; Pustejovsky and Tipton 2018)"
    few = f"The errors have {how}, by which p-values and intervals are made."
    if effective < _FEW_EFFECTIVE:
        few = f"Few subjects carry {model.name}: the errors have only {how}, and little can be shown."
    if related is not None:
        return [
            f"Subjects of the same {related.name} are related ({counted(model.n_clusters, 'family', 'families')}): "
            "p-values and intervals are by cluster-robust errors (CR3, Bell and McCaffrey 2002), which allow unequal "
            "variances too; the effect itself is the same.",
            few,
        ]
    return [
        "Variances may differ between subjects: p-values and intervals are by HC3 (MacKinnon and White 1985), the "
        "effect itself is the same.",
        few,
    ]


def exact_in_words(model: Model, fit: Fit, noun: str) -> list[str]:
    """Say of how many features nothing but rounding is left once what is tested is fitted."""
    n = int(np.count_nonzero(fits_exactly(effect_of(fit) if model.n_tested == 1 else np.sqrt(effect_of(fit)))))
    if not n:
        return []
    given = f" and {model.adjusted_for}" if model.adjusted_for else ""
    return [
        f"{counted(n, noun)} {'follows' if n == 1 else 'follow'} exactly from {model.name}{given}: no spread is left "
        f"to compare with, so {'t' if model.n_tested == 1 else 'F'} and p are not defined."
    ]


def sentences_of(model: Model) -> list[str]:
    """Say how categories became numbers, what the model has and what its sign means."""
    question, said = model.question, []
    name = question.phenotype.name
    if model.level is not None:
        n = int(np.count_nonzero(model.target))
        others = [level for level in question.phenotype.levels if level != model.level]
        said.append(
            f"{name} is coded 1 for {model.level} ({counted(n, 'subject')}) and 0 for {listed(others)} "
            f"({counted(model.target.size - n, 'subject')})."
        )
    elif model.levels:
        counts = np.bincount(model.target.astype(np.intp), minlength=len(model.levels))
        sizes = listed(f"{level} ({n})" for level, n in zip(model.levels, counts.tolist(), strict=True) if n)
        said.append(f"{name} is tested as a whole, by F: do any of its levels differ? Subjects at each: {sizes}.")
    if question.moderator is not None:
        said.append(
            f"The product {model.name} is tested: whether the association of an edge with {name} differs by "
            f"{question.moderator.name}. Both main effects are in the model."
        )
        if model.n_tested == 1:
            said.append(f"Positive: the association with {name} is greater {_where_more(model)}.")
    if model.used:
        columns = [column for column in model.design.columns if column != "intercept"]
        said.append(f"The linear model has, besides the intercept and the tested term: {listed(columns)}.")
    if question.ranked and model.design.rank > 1:
        said.append(
            "Edges, and all numbers among phenotype and covariates, were replaced by their ranks first "
            "(partial rank correlation); categories stay as they are."
        )
    return said


def warnings_of(model: Model) -> list[str]:
    """Say what of the model could mislead."""
    design = model.design.findings
    said = design_warnings([*design, *(one for one in model.tested.findings if one not in design)])
    if model.plain is not None:
        own = residuals(model.tested.values, model.plain.basis)
        left = residuals(own, model.design.basis)
        share = 1 - float((left**2).sum() / (own**2).sum())
        if share > _MOSTLY_EXPLAINED:
            said.append(
                f"{share:.0%} of the variance of {model.name} follows from the covariates: little is left to test, and "
                "adjusted and unadjusted results answer different questions."
            )
    said += _few_subjects(model)
    return said


def spread_warnings(spread: SpreadTest | None, model: Model, what: str = "connectivity") -> list[str]:
    """Warn where equal variances are assumed, and subjects differ in spread with what is tested."""
    if spread is None or spread.p_value > _UNEQUAL:
        return []
    how = f"differs between the levels of {model.name}"
    if spread.ratio is not None:
        how = f"is {spread.ratio:.2f} times as large where {model.name}"
    elif spread.r is not None:
        direction = "increases" if spread.r > 0 else "decreases"
        how = f"{direction} with {model.name} (r = {minus(f'{spread.r:.2f}')})"
    return [
        f"The spread of {what} {how}, p = {spread.p_value:.2g}: tests that assume equal variances can find "
        "effects that are not there; choose “May be unequal” for the variance."
    ]


def independence_warnings(cohort: Cohort, model: Model, blocks: str | None = None) -> list[str]:
    """Warn where a column may say who is related, and the model takes subjects for independent; and of codes."""
    question = model.question
    related = None if question.related is None else question.related.name
    coded = coded_warnings(cohort, question.missing)
    return coded + family_warnings(
        cohort, model.subjects, (related, blocks, *question.missing), "choose it under Families"
    )


def _few_subjects(model: Model) -> list[str]:
    n = model.target.size
    normal = "p-values then assume that every edge is normally distributed."
    if not model.levels:
        return [f"Only {n} subjects: {normal}"] if n < _FEW else []
    counts = np.bincount(model.target.astype(np.intp), minlength=len(model.levels))
    if model.level is not None:
        fewer = int(counts.min())
        side = model.level if counts[1] == fewer else f"not {model.level}"
        return [f"Only {counted(fewer, 'subject is', 'subjects are')} {side}: {normal}"] if fewer < _FEW else []
    small = [
        f"{level} ({count})" for level, count in zip(model.levels, counts.tolist(), strict=True) if 0 < count < _FEW
    ]
    return [f"Levels of {model.question.phenotype.name} with few subjects: {listed(small)}; {normal}"] if small else []


def _where_more(model: Model) -> str:
    moderator = model.question.moderator
    assert moderator is not None
    if not moderator.levels:
        return f"where {moderator.name} is higher"
    return f"in {model.tested.columns[0].rpartition(': ')[2]} than in the other level of {moderator.name}"
