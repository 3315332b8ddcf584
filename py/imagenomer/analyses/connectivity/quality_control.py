"""Quality control: association with motion, outlying and mislabelled scans, and who is excluded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

from imagenomer.analyses.connectivity.exclusion import (
    Exclusion,
    exclusion_methods,
    exclusion_numbers,
    exclusion_sentences,
    exclusion_tables,
    exclusion_verdict,
    exclusion_warnings,
    try_limits,
)
from imagenomer.analyses.connectivity.outlying_scans import (
    Outliers,
    find_outliers,
    flagged_table,
    outlier_methods,
    outlier_numbers,
    outlier_points,
    outlier_sentences,
    outlier_verdict,
)
from imagenomer.analyses.connectivity.qc_fc import (
    MotionAssociation,
    associate_motion,
    edge_view,
    motion_arrays,
    motion_map,
    motion_methods,
    motion_numbers,
    motion_sentences,
    motion_verdict,
    motion_views,
    motion_warnings,
)
from imagenomer.analyses.connectivity.qc_fc_figures import motion_drawings
from imagenomer.analyses.connectivity.scan_identity import (
    IDENTITY_METHODS,
    Identity,
    check_identity,
    draw_pairs,
    identity_figures,
    identity_numbers,
    identity_sentences,
    identity_tables,
    identity_verdict,
)
from imagenomer.analyses.connectivity.scans import Scans, compare_scans
from imagenomer.analyses.contract import (
    Analysis,
    Choice,
    Finding,
    Groups,
    Integer,
    Methods,
    Number,
    Part,
    PhenotypeChoice,
    PhenotypesChoice,
    PointsView,
    Report,
    ThemeName,
    View,
    in_parts,
)
from imagenomer.analyses.shared.families import family_warnings
from imagenomer.analyses.shared.form_fields import (
    Blocks,
    Permutations,
    ScanFields,
    Seed,
    blocks_field,
    permutations_field,
    seed_field,
)
from imagenomer.analyses.shared.linear_model import Question, missing_with
from imagenomer.analyses.shared.plan import plan_of
from imagenomer.analyses.shared.sample import Sample, average_scans, default_measure, sample_of
from imagenomer.cohort import Cohort, Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.types import BoolArray, FloatArray, Json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: What measures of motion are called.
_MOTION = ("fd", "framewise", "motion", "movement", "displacement", "rms", "dvars")

_OUTLIERS = {"section": "Outlying scans", "when": {"check": ("all", "outliers")}}
_SCANS = {"section": "Comparing scans", "when": {"check": ("all", "outliers", "identity")}}
_EXCLUDED = {"section": "Who is excluded", "when": {"check": ("all", "dropped")}}
_PERMUTED = {"section": "Permutations", "when": {"check": ("all", "motion")}}


@dataclass(frozen=True)
class CheckFields:
    """What is checked."""

    motion: Annotated[str, PhenotypeChoice("number", prefer=_MOTION)] = field(
        metadata={"help": "A measure of the quality of a subject's scans, such as mean framewise displacement."}
    )
    check: Annotated[
        str,
        Choice(
            (
                ("all", "Everything"),
                ("motion", "Is connectivity associated with motion?"),
                ("outliers", "Which scans are outliers?"),
                ("identity", "Are scans labelled correctly?"),
                ("dropped", "Who is excluded?"),
            )
        ),
    ] = "all"
    covariates: Annotated[tuple[str, ...], PhenotypesChoice(without=("motion",))] = field(
        default=(), metadata={"help": "Adjusted for in QC-FC.", "when": {"check": ("all", "motion")}}
    )


@dataclass(frozen=True)
class Params(ScanFields, CheckFields):
    keep: Annotated[str, Choice((("at most", "At most"), ("at least", "At least")))] = field(
        default="at most", metadata=_EXCLUDED | {"help": "At most, where higher is worse; at least, where lower is."}
    )
    limit: Annotated[float, Number(minimum=-1e9, maximum=1e9, step=0.05)] = field(
        default=0.2, metadata=_EXCLUDED | {"help": "In the units of the measure of motion; 0.2 mm is a common one."}
    )
    factor: Annotated[float, Number(minimum=0.5, maximum=10, step=0.5)] = field(
        default=3.0,
        metadata=_OUTLIERS
        | {"label": "Interquartile ranges", "help": "Beyond the quartiles; 3 flags extreme scans, 1.5 mild ones too."},
    )
    components: Annotated[int, Integer(minimum=1, maximum=50, step=1)] = field(
        default=10, metadata=_OUTLIERS | {"label": "Principal components"}
    )
    edges: Annotated[str, Choice((("auto", "All, or 10,000 at random"), ("all", "All")))] = field(
        default="auto",
        metadata=_SCANS
        | {"label": "Edges compared", "help": "Comparing thousands of scans by all edges takes half a minute."},
    )
    permutations: Permutations = permutations_field(500, **_PERMUTED, help="500 to explore; 5,000 or more to report.")
    seed: Seed = seed_field(**_PERMUTED)
    blocks: Blocks = blocks_field(**_PERMUTED)


@dataclass(frozen=True, slots=True, eq=False)
class QualityControl:
    """Results of the checks; None where a check was not requested.

    Attributes
    ----------
    motion : Phenotype
    motion_association : MotionAssociation or None
    scans : Scans or None
    outliers : Outliers or None
    identity : Identity or None
    exclusion : Exclusion or None
    """

    motion: Phenotype
    motion_association: MotionAssociation | None = None
    scans: Scans | None = None
    outliers: Outliers | None = None
    identity: Identity | None = None
    exclusion: Exclusion | None = None


# --- computing -----------------------------------------------------------------------------------


def _if_requested(
    name: str, part: Callable[[Cohort, Params, QualityControl], Steps[QualityControl]]
) -> Callable[[Cohort, Params, QualityControl | None], Steps[QualityControl]]:
    """Return a part that does nothing where the form requests another check."""

    def compute(cohort: Cohort, params: Params, result: QualityControl | None) -> Steps[QualityControl]:
        yield Progress("Choosing subjects")
        result = result or QualityControl(_motion(cohort, params))
        return (yield from part(cohort, params, result)) if params.check in ("all", name) else result

    return compute


def _motion(cohort: Cohort, params: Params) -> Phenotype:
    motion = cohort.phenotype(params.motion)
    if motion.levels:
        raise InputError(f"{motion.name} is a category; choose a number that measures motion")
    if motion.name in params.covariates:
        raise InputError(f"{motion.name} is the variable of interest and cannot be a covariate too; leave it out")
    return motion


def _motion_association(cohort: Cohort, params: Params, result: QualityControl) -> Steps[QualityControl]:
    covariates = tuple(cohort.phenotype(name) for name in params.covariates)
    question = Question(result.motion, None, None, covariates)
    plan = plan_of(cohort, params.permutations, params.seed, params.blocks)
    yield from average_scans(cohort, params)
    sample = _draw(cohort, params, missing_with(question, plan.blocks))
    found = yield from associate_motion(cohort, sample, question, plan)
    return replace(result, motion_association=found)


def _draw(cohort: Cohort, params: Params, missing: Mapping[str, BoolArray]) -> Sample:
    return sample_of(cohort, params, missing=missing, at_least=3)


def _scans(cohort: Cohort, params: Params, result: QualityControl) -> Steps[QualityControl]:
    if result.scans is not None:
        return result
    scans = yield from compare_scans(
        cohort,
        measure=params.measure or default_measure(cohort),
        task=params.task,
        session=params.session,
        run=params.run,
        group=params.group,
        all_edges=params.edges == "all",
        seed=params.seed,
    )
    return replace(result, scans=scans)


def _outliers(cohort: Cohort, params: Params, result: QualityControl) -> Steps[QualityControl]:
    result = yield from _scans(cohort, params, result)
    assert result.scans is not None
    found = yield from find_outliers(result.scans, params.factor, params.components)
    return replace(result, outliers=found)


def _identity(cohort: Cohort, params: Params, result: QualityControl) -> Steps[QualityControl]:
    result = yield from _scans(cohort, params, result)
    assert result.scans is not None
    found = yield from check_identity(cohort, result.scans)
    return replace(result, identity=found)


def _exclusion(cohort: Cohort, params: Params, result: QualityControl) -> Steps[QualityControl]:
    yield Progress("Comparing included and excluded subjects")
    yield from average_scans(cohort, params)
    sample = _draw(cohort, params, {result.motion.name: result.motion.missing})
    at_most = params.keep == "at most"
    found = yield from try_limits(cohort, sample, result.motion, params.limit, at_most=at_most, group=params.group)
    return replace(result, exclusion=found)


_PARTS = (
    Part("motion", "Is connectivity associated with motion?", _if_requested("motion", _motion_association)),
    Part("outliers", "Which scans are outliers?", _if_requested("outliers", _outliers)),
    Part("identity", "Are scans labelled correctly?", _if_requested("identity", _identity)),
    Part("dropped", "Who is excluded?", _if_requested("dropped", _exclusion)),
)


# --- saying --------------------------------------------------------------------------------------


def report(cohort: Cohort, params: Params, result: QualityControl) -> Report:
    numbers: dict[str, Json] = {"motion": result.motion.name, "check": params.check, "group": params.group}
    sentences: list[str] = []
    warnings = _about_measure(cohort, params, result)
    views: list[View] = []
    arrays: dict[str, FloatArray | BoolArray] = {}
    verdict: list[Finding] = []
    moved, scans = result.motion_association, result.scans
    if moved is not None:
        numbers |= motion_numbers(moved)
        sentences += [*moved.sample.sentences, *motion_sentences(result.motion, moved)]
        used, way_out = (params.blocks, result.motion.name), "choose a group of one subject of each"
        warnings += [*motion_warnings(moved), *family_warnings(cohort, moved.sample.subjects, used, way_out)]
        views += motion_views(cohort, params.group, moved)
        arrays |= motion_arrays(moved)
        verdict += motion_verdict(moved)
    if scans is not None:
        sentences += scans.sentences
    if scans is not None and result.outliers is not None:
        numbers["outliers"] = outlier_numbers(cohort, scans, result.outliers)
        sentences += outlier_sentences(cohort, scans, result.outliers)
        views += [*outlier_points(cohort, scans, result.outliers), *flagged_table(cohort, scans, result.outliers)]
        verdict += outlier_verdict(scans, result.outliers)
    if scans is not None and result.identity is not None:
        numbers["identity"] = identity_numbers(cohort, scans, result.identity)
        sentences += identity_sentences(cohort, scans, result.identity)
        views += [*identity_figures(result.identity), *identity_tables(cohort, scans, result.identity)]
        verdict += identity_verdict(scans, result.identity)
    if result.exclusion is not None:
        numbers["exclusion"] = exclusion_numbers(result.exclusion)
        sentences += [] if moved is not None else result.exclusion.sample.sentences
        sentences += exclusion_sentences(result.exclusion)
        warnings += exclusion_warnings(result.exclusion)
        views += exclusion_tables(result.exclusion)
        verdict += exclusion_verdict(result.exclusion)
    unasked = [part.name for part in _PARTS if params.check not in ("all", part.name)]
    left_out = dict.fromkeys(unasked, "not asked for")
    return Report(numbers, tuple(sentences), tuple(warnings), tuple(views), arrays, tuple(verdict), left_out)


def _about_measure(cohort: Cohort, params: Params, result: QualityControl) -> list[str]:
    """Say where the chosen phenotype may not measure motion, or not that of these scans."""
    if not (result.motion_association or result.exclusion):
        return []
    said = []
    if not _named_like_motion(result.motion):
        said.append(
            f"Neither the name nor the description of {result.motion.name} mentions motion: read “motion” below as "
            f"{result.motion.name}."
        )
    closer = cohort.about_other_scans(params.task, params.session, params.run).get(result.motion.name)
    if closer:
        said.append(
            f"{result.motion.name} is not about the scans used here, or not about these alone; {closer} is: use that "
            "instead."
        )
    return said


def _named_like_motion(phenotype: Phenotype) -> bool:
    text = f"{phenotype.name} {phenotype.description}".lower()
    return any(part in text for part in _MOTION)


# --- one edge, and charts ------------------------------------------------------------------------


def detail(cohort: Cohort, params: Params, result: QualityControl, edge: int, colour_by: Groups) -> PointsView:
    if result.motion_association is None:
        raise InputError("edges were not associated with motion; check everything, or motion")
    return edge_view(cohort, result.motion_association, edge, colour_by)


def draw(
    cohort: Cohort, params: Params, result: QualityControl, report: Report, theme: ThemeName
) -> Mapping[str, Figure]:
    from imagenomer.figures.drawings import Drawings

    drawings: dict[str, Callable[[], Figure]] = {}
    moved = result.motion_association
    if moved is not None:
        drawings |= motion_drawings(moved, motion_map(cohort, params.group, moved), theme)
    if result.identity is not None and result.identity.pairs.bins.size:
        drawings["alike"] = partial(draw_pairs, result.identity, theme)
    return Drawings(drawings)


# --- methods -------------------------------------------------------------------------------------


def methods(cohort: Cohort, params: Params, result: QualityControl) -> Methods:
    parts: list[Methods] = []
    if result.motion_association is not None:
        parts.append(motion_methods(result.motion, result.motion_association))
    if result.outliers is not None:
        parts.append(outlier_methods(result.outliers))
    if result.identity is not None:
        parts.append(IDENTITY_METHODS)
    if result.exclusion is not None:
        parts.append(exclusion_methods(result.exclusion))
    return Methods(
        tuple(paragraph for part in parts for paragraph in part.text),
        tuple(citation for part in parts for citation in part.citations),
    )


ANALYSIS = Analysis(
    title="Quality control",
    summary="Association of connectivity with motion, outlying and mislabelled scans, and who is excluded.",
    tab="Connectivity",
    params=Params,
    compute=in_parts(_PARTS),
    report=report,
    draw=draw,
    detail=detail,
    needs=("connectivity", "phenotypes"),
    parts=_PARTS,
    methods=methods,
)
