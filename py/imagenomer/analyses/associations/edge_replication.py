"""Edge replication: does the map of a phenotype in this cohort replicate in a second cohort?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, cast

import numpy as np

from imagenomer.analyses.associations.replication_report import all_discovered, replication_report
from imagenomer.analyses.associations.replication_result import EdgeReplication, Put
from imagenomer.analyses.contract import (
    Analysis,
    Choice,
    GroupChoice,
    Integer,
    LevelChoice,
    Methods,
    PhenotypeChoice,
    PhenotypesChoice,
    Report,
    ThemeName,
)
from imagenomer.analyses.shared.edge_fits import features_of, fit_edges
from imagenomer.analyses.shared.form_fields import (
    Alpha,
    FisherZ,
    SampleFields,
    Seed,
    alpha_field,
    fisher_z_field,
    permutations_field,
    seed_field,
)
from imagenomer.analyses.shared.inference import BY_P, judge_by_p
from imagenomer.analyses.shared.linear_model import QuestionFields, ask, build_model
from imagenomer.analyses.shared.sample import average_scans, counted, default_measure, sample_of
from imagenomer.analyses.shared.second_cohort import (
    naming,
    require_same_phenotypes,
    require_same_scans,
    require_same_units,
    same_names,
)
from imagenomer.cohort import Cohort
from imagenomer.companion import companion_of, require_same_parcels
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.correction import Method
from imagenomer.statistics.correlation import Correlation
from imagenomer.statistics.design import directions_of
from imagenomer.statistics.replication import replication_test
from imagenomer.statistics.tails import r_of_p

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Fewer subjects than this make no map.
_FEWEST = 10


@dataclass(frozen=True)
class OutcomeFields:
    """The part of the form that says what is associated."""

    phenotype: Annotated[str, PhenotypeChoice()]
    level: Annotated[str | None, LevelChoice(of="phenotype")] = field(
        default=None, metadata={"help": "Compared with all other levels, in both cohorts."}
    )
    covariates: Annotated[tuple[str, ...], PhenotypesChoice(without=("phenotype",))] = field(
        default=(), metadata={"help": "Adjusted for in both cohorts."}
    )


@dataclass(frozen=True)
class Params(SampleFields, OutcomeFields):
    second_group: Annotated[str | None, GroupChoice(of_second=True)] = field(
        default=None, metadata={"label": "Group of the second cohort"}
    )
    method: Annotated[str, Choice((("pearson", "Pearson"), ("spearman", "Spearman")))] = "pearson"
    correction: Annotated[str, Choice(tuple(BY_P.items()))] = field(
        default="bonferroni", metadata={"help": "By which edges are discovered in this cohort."}
    )
    alpha: Alpha = alpha_field()
    permutations: Annotated[int, Integer(minimum=0, maximum=10_000, step=100)] = permutations_field(
        help="Of the subjects of the second cohort; 0: none. 1,000 to explore; 5,000 or more to report."
    )
    seed: Seed = seed_field()
    fisher_z: FisherZ = fisher_z_field(help="Correlate arctanh of the connectivity instead of connectivity.")


# --- computing -----------------------------------------------------------------------------------


def compute(cohort: Cohort, params: Params) -> Steps[EdgeReplication]:
    yield Progress("Choosing subjects")
    second = companion_of(cohort)
    warnings = list(require_same_parcels(cohort, second))
    needed = {params.phenotype: "is what is associated", **dict.fromkeys(params.covariates, "is adjusted for")}
    require_same_phenotypes(cohort, second, needed)
    warnings += require_same_units(cohort, second, needed)
    params = replace(params, measure=params.measure or default_measure(cohort))
    assert params.measure is not None
    require_same_scans(cohort, second, params.measure, params.task)
    ranked = params.method == "spearman"
    with naming(cohort):
        here = yield from _put(cohort, params, ranked=ranked)
    with naming(second):
        own = replace(params, level=here.model.level, group=params.second_group)
        there = yield from _put(second, own, ranked=ranked)
    warnings += same_names(cohort, second, here.sample.subjects, there.sample.subjects)
    method = cast("Method", params.correction)
    features = yield from features_of(cohort, here.sample, ranked=ranked)
    fit = cast("Correlation", (yield from fit_edges(cohort, here.sample, features, here.model, method, params.alpha)))
    discovered = judge_by_p(fit.neg_log10_p, params.correction, params.alpha)
    features = yield from features_of(second, there.sample, ranked=ranked)
    test = yield from replication_test(
        fit.r,
        discovered.significant,
        features.values,
        features.rows,
        there.model.tested.values[:, 0],
        there.model.design.basis,
        float(r_of_p(params.alpha, there.model.dof)),
        params.permutations,
        np.random.default_rng(params.seed),
    )
    names = (cohort.name, second.name)
    return EdgeReplication(names, here, there, fit.r, discovered, test, params.alpha, tuple(warnings))


def _put(cohort: Cohort, params: Params, *, ranked: bool) -> Steps[Put]:
    """Put the question to the subjects of a cohort.

    Raises
    ------
    InputError
        If what is associated is a category of which no level is chosen: F has no sign to compare.
    """
    asked = QuestionFields(phenotype=params.phenotype, level=params.level, covariates=params.covariates)
    question = ask(cohort, asked, ranked=ranked)
    yield from average_scans(cohort, params, fisher_z=params.fisher_z)
    sample = sample_of(cohort, params, fisher_z=params.fisher_z, missing=question.missing, at_least=_FEWEST)
    model = build_model(question, sample.subjects)
    if model.n_tested > 1:
        raise InputError(
            f"{model.name} as a whole is tested by F, whose map has no sign to compare; choose a level: "
            f"{', '.join(model.levels)}"
        )
    directions_of(model.tested, model.design)  # refuses what follows from the covariates
    return Put(sample, model)


# --- saying and drawing --------------------------------------------------------------------------


def report(cohort: Cohort, params: Params, result: EdgeReplication) -> Report:
    return replication_report(cohort, result)


def methods(cohort: Cohort, params: Params, result: EdgeReplication) -> Methods:
    said = replication_report(cohort, result).sentences
    return Methods((" ".join(said),), _CITATIONS)


_CITATIONS = (
    "Freedman and Lane (1983), J. Bus. Econ. Stat. 1:292.",
    "Phipson and Smyth (2010), Stat. Appl. Genet. Mol. Biol. 9:39.",
)


def draw(
    cohort: Cohort, params: Params, result: EdgeReplication, report: Report, theme: ThemeName
) -> Mapping[str, Figure]:
    from imagenomer.figures.drawings import Drawings
    from imagenomer.figures.prediction import null_figure

    def permutations() -> Figure:
        return null_figure(
            result.test.null[0],
            result.test.correlation,
            title=f"{result.title}: {counted(result.test.null.shape[1], 'permutation')}",
            x_label="Correlation of the maps",
            note=f"{result.note}; p = {result.test.p_correlation:.3g}",
            theme=theme,
        )

    return Drawings({"permutations": permutations} if result.test.null.shape[1] else {})


ANALYSIS = Analysis(
    title="Replication",
    summary="Does the map of a phenotype replicate in the second cohort, edge by edge?",
    tab="Associations",
    params=Params,
    compute=compute,
    report=report,
    draw=draw,
    needs=("connectivity", "phenotypes", "second"),
    takes_second=True,
    whole={"edges": all_discovered},
    methods=methods,
)
