"""The numbers of a confound report, as ``imagenomer run`` prints them."""

from __future__ import annotations

from imagenomer.analyses.confounds.evidence import Verdict
from imagenomer.analyses.confounds.params import Params
from imagenomer.analyses.confounds.parts.connectivity import ConnectivityPart
from imagenomer.analyses.confounds.parts.variants import VariantPart
from imagenomer.analyses.confounds.result import ConfoundResult
from imagenomer.analyses.confounds.subjects import N_FOLDS
from imagenomer.analyses.confounds.tables.cells import Row
from imagenomer.jsonable import finite
from imagenomer.types import Json


def report_numbers(params: Params, result: ConfoundResult) -> dict[str, Json]:
    """Return the numbers of the parts that are computed."""
    phenotypes = result.phenotypes
    people = phenotypes.people
    numbers: dict[str, Json] = {
        "target": params.target,
        "level": people.target.level,
        "group": params.group,
        **people.sample.numbers,
        "permutations": params.permutations,
        "repetitions": params.repetitions,
        "folds": N_FOLDS,
        "seed": params.seed,
        "alpha": params.alpha,
        "candidates": list(phenotypes.associations),
        "closely": [name for name in phenotypes.associations if name in phenotypes.closest],
    }
    if result.connectivity is not None:
        numbers |= _of_connectivity(result.connectivity)
    if result.variants is not None:
        numbers["from_variants"] = _from_variants(params.target, result.variants)
    if result.verdict is not None:
        verdict = result.verdict.verdict
        numbers |= {"verdict": verdict.category, "verdicts": _of_verdict(verdict)}
    return numbers


def _of_connectivity(part: ConnectivityPart) -> Row:
    target, found = part.everybody.target, part.everybody.target_map
    return {
        "n_significant": found.n_significant,
        "n_tests": found.n_tested,
        "share_explained": target.share.share,
        "share_expected": target.share.expected,
        "p_connectivity": target.p_value,
        "score": part.prediction.score,
        "predicted": finite(part.prediction.interval.estimate),
    }


def _from_variants(target: str, part: VariantPart) -> list[Row]:
    return [
        {
            "of": name,
            "score": one.variants.score,
            "variants": finite(one.variants.interval.estimate),
            "connectivity": None if one.connectivity is None else finite(one.connectivity.interval.estimate),
            "null": finite(one.variants.null),
        }
        for name, one in [(target, part.target_prediction), *part.predictions.items()]
        if one.variants is not None
    ]


def _of_verdict(verdict: Verdict) -> list[Row]:
    return [
        {
            "candidate": name,
            "verdict": one.category,
            "n_subjects": one.evidence.n_subjects,
            "p_candidate": finite(one.evidence.p_candidate),
            "p_rest": finite(one.evidence.p_rest),
            "remaining": finite(one.evidence.remaining),
            "retained": finite(one.evidence.retained),
            "p_predictions": finite(one.evidence.p_predictions),
        }
        for name, one in verdict.candidates.items()
    ]
