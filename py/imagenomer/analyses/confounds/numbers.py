"""The numbers of a confound report, as ``imagenomer run`` prints them."""

from __future__ import annotations

from imagenomer.analyses.confounds.params import Params
from imagenomer.analyses.confounds.parts.connectivity import ConnectivityPart
from imagenomer.analyses.confounds.parts.replication import ReplicationPart
from imagenomer.analyses.confounds.parts.variants import VariantPart
from imagenomer.analyses.confounds.parts.verdict import VerdictPart
from imagenomer.analyses.confounds.result import ConfoundResult
from imagenomer.analyses.confounds.subjects import N_FOLDS
from imagenomer.analyses.confounds.tables.cells import Row
from imagenomer.jsonable import finite
from imagenomer.statistics.commonality import ExplainedParts, proxies
from imagenomer.statistics.remainders import Remainder
from imagenomer.statistics.sensitivity import Sensitivity
from imagenomer.statistics.share_differences import ShareDifference
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
        "families": None if people.families is None else people.families.name,
        **_of_verdict(result.verdict),
        "replication": None if result.replication is None else _of_replication(result.replication),
    }
    if result.connectivity is not None:
        numbers |= _of_connectivity(result.connectivity)
    if result.variants is not None:
        numbers["from_variants"] = _from_variants(params.target, result.variants)
    return numbers


def _of_connectivity(part: ConnectivityPart) -> Row:
    target, found = part.everybody.target, part.everybody.target_map
    return {
        "n_significant": found.n_significant,
        "n_tests": found.n_tested,
        "share_explained": target.share.share,
        "share_expected": target.share.expected,
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


def _of_verdict(part: VerdictPart) -> dict[str, Json]:
    explanation, bounds = part.explanation, part.bounds
    test, of_others = explanation.test, proxies(explanation.parts, bounds.margin)
    return {
        "verdict": explanation.category,
        "p_connectivity": test.p_value,
        "p_looks": {"whole": test.whole, "prediction": test.prediction, "strongest": test.strongest},
        "n_flips": test.n_flips,
        "together": list(explanation.model.names),
        "p_given_together": explanation.given_joint.p_value,
        **_of_remainder(explanation.joint, part.each),
        "confidence_at_once": part.each,
        "sensitivity": _of_sensitivity(explanation.sensitivity),
        "bounds": {"explained": bounds.explained, "kept": bounds.kept, "margin": bounds.margin},
        "verdicts": [
            {
                "candidate": name,
                "verdict": one.category,
                "role": part.roles.get(name),
                "alias": one.is_alias,
                "n_subjects": one.remainder.n_subjects,
                "p_candidate": finite(one.p_target),
                "p_score": finite(one.p_score),
                **_of_remainder(one.remainder, part.each),
                "commonality": _of_parts(explanation.parts.get(name)),
                "proxy_of": of_others.get(name),
            }
            for name, one in explanation.candidates.items()
        ],
        "negative_controls": [
            {
                "control": name,
                "sign": one.hints(part.alpha),
                "n_subjects": one.n_subjects,
                "p_target": finite(one.p_target),
                "p_connectivity": None if one.connectivity is None else one.connectivity.p_value,
            }
            for name, one in part.controls.items()
        ],
        "products": [
            {"candidates": list(pair), "verdict": one.category, **_of_remainder(one, part.each)}
            for pair, one in explanation.model.products.items()
        ],
    }


def _of_replication(part: ReplicationPart) -> Json:
    """Return the verdict in the second cohort, as of the first, and how much what remains differs."""
    found = _of_verdict(part.verdict)
    del found["negative_controls"]
    return {
        **part.people.sample.numbers,
        "cohort": part.names[1],
        **found,
        **_of_difference(part.together),
        "differences": [
            {"candidate": name, **_of_difference(difference)} for name, difference in part.differences.items()
        ],
        "not_adjusted_for": list(part.not_adjusted),
        "not_asked": list(part.left_out),
    }


def _of_difference(difference: ShareDifference) -> dict[str, Json]:
    return {
        "difference": finite(difference.estimate),
        "difference_low": finite(difference.low),
        "difference_high": finite(difference.high),
    }


def _of_parts(parts: ExplainedParts | None) -> Json:
    if parts is None:
        return None
    return {
        "alone": parts.alone,
        "unique": parts.unique,
        "unique_low": finite(parts.low),
        "unique_high": finite(parts.high),
        "shared": parts.shared,
        "shared_mostly_with": parts.partner,
        "target_explained": parts.of_target,
        "target_explained_uniquely": parts.unique_of_target,
    }


def _of_sensitivity(found: Sensitivity | None) -> Json:
    if found is None:
        return None
    mark = found.strongest
    strongest = None
    if mark is not None:
        strongest = {"candidate": mark.name, "of_target": finite(mark.of_target), "of_scores": finite(mark.of_outcome)}
    return {
        "partial_r2": found.partial_r2,
        "robustness_value": found.robustness_value,
        "strongest_candidate": strongest,
    }


def _of_remainder(remainder: Remainder, each: float) -> dict[str, Json]:
    pattern, of_map = remainder.pattern, remainder.of_map
    at_once = pattern.at(each)
    return {
        "remaining": finite(pattern.estimate),
        "remaining_low": finite(pattern.low),
        "remaining_high": finite(pattern.high),
        "remaining_low_at_once": finite(at_once[0]),
        "remaining_high_at_once": finite(at_once[1]),
        "map_remaining": finite(of_map.estimate),
        "map_remaining_low": finite(of_map.low),
        "map_remaining_high": finite(of_map.high),
        "target_explained": finite(pattern.explained),
    }
