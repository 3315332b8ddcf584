"""Cohorts as nobody would draw them, from few people to nothing that varies, and forms that are filled in at random."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imagenomer.analyses.contract import Analysis, form_of
from imagenomer.cohort import Cohort, Decomposition, Measure, ModelWeights, Phenotype, Scan, VariantSet
from imagenomer.edges import n_edges_of
from imagenomer.parcellation import Parcellation, plain_parcellation
from imagenomer.types import Json


def odd_cohort(rng: np.random.Generator) -> Cohort:
    """Draw a cohort in which each of many things that go wrong is there half of the time or less."""
    n_subjects = int(rng.choice([2, 4, 6, 9, 15, 25, 40, 60]))
    subjects = tuple(str(number) for number in range(1, n_subjects + 1))
    phenotypes = _numbers(n_subjects, rng) | _categories(n_subjects, rng)
    kept = {name: one for name, one in phenotypes.items() if name == "age" or rng.random() < 0.5}
    parts = _connectivity(subjects, rng) if rng.random() < 0.9 else {}
    n_variants = int(rng.choice([0, 1, 3, 30]))
    if n_variants:
        parts["variant_sets"] = {"set": _variants(n_subjects, n_variants, rng)}
    return Cohort(name="Odd", subjects=subjects, phenotypes=kept, **parts)


def _numbers(n: int, rng: np.random.Generator) -> dict[str, Phenotype]:
    age, first = rng.uniform(100, 250, n), np.arange(n) == 0
    values = {
        "age": age,
        "twice the age": 2 * age + 1,
        "score": rng.normal(100, 15, n),
        "ties": rng.integers(0, 3, n),
        "constant": np.full(n, 3.0),
        "holes": np.where(rng.random(n) < 0.5, np.nan, rng.normal(size=n)),
        "nothing": np.full(n, np.nan),
        "one value": np.where(first, 1.0, np.nan),
        "huge": 1e15 + 1e12 * rng.normal(size=n),
        "tiny": 1e-12 * rng.normal(size=n),
        "outlier": np.where(first, 1e6, rng.normal(size=n)),
        "mean_fd": rng.gamma(2, 0.1, n),
    }
    return {name: Phenotype(name, np.asarray(own, dtype=np.float64)) for name, own in values.items()}


def _categories(n: int, rng: np.random.Generator) -> dict[str, Phenotype]:
    codes = {
        "sex": (rng.integers(-1, 2, n), ("F", "M")),
        "site": (rng.integers(0, 3, n), ("A", "B", "C")),
        "diagnosis": (rng.integers(0, 4, n), ("HC", "SZ", "BP", "SA")),
        "rare": (np.arange(n) == 0, ("no", "yes")),
        "same": (np.zeros(n), ("only",)),
        "empty level": (rng.integers(0, 2, n), ("a", "b", "never")),
        "unique": (np.arange(n), tuple(f"u{number}" for number in range(n))),
        "absent": (np.full(n, -1), ("x", "y")),
        "family": (np.arange(n) // 2, tuple(f"f{number}" for number in range(-(-n // 2)))),
    }
    return {name: Phenotype(name, np.asarray(own, dtype=np.intp), levels) for name, (own, levels) in codes.items()}


def _connectivity(subjects: tuple[str, ...], rng: np.random.Generator) -> dict[str, object]:
    n_subjects, n_parcels = len(subjects), int(rng.choice([3, 4, 6, 9]))
    n_edges = n_edges_of(n_parcels)
    tasks, sessions, runs = (
        some if rng.random() < share else some[:1]
        for some, share in ((("nback", "rest"), 0.5), (("", "2"), 0.2), (("", "2"), 0.15))
    )
    scans = [Scan(*parts) for parts in np.array(np.meshgrid(tasks, subjects, sessions, runs)).reshape(4, -1).T.tolist()]
    scans = sorted(
        (scan for scan in scans if rng.random() > 0.05), key=lambda scan: (scan.task, int(scan.subject), scan)
    )
    traits = np.tanh(rng.normal(0.2, 0.2, (n_subjects, n_edges)))
    values = np.array([traits[int(scan.subject) - 1] for scan in scans]).reshape(-1, n_edges)
    values = np.clip(values + rng.normal(0, 0.05, values.shape), -0.99, 0.99).astype(np.float32)
    for share, where, what in (
        (0.15, np.s_[:, 0], 0.3),
        (0.1, np.s_[:, 1], values[:, -1]),
        (0.1, np.s_[:], values[:1]),
        (0.1, np.s_[:1, 0], np.nan),
        (0.05, np.s_[:1], 1),
        (0.05, np.s_[:], 0),
    ):
        if rng.random() < share:
            values[where] = what
    measures = {"fc": Measure("fc", values, np.ones(len(scans), dtype=bool))}
    if rng.random() < 0.3:
        present = rng.random(len(scans)) > 0.2
        measures["partial"] = Measure("partial", np.where(present[:, None], 0.3 * values, np.nan), present)
    n_components = int(rng.integers(1, 4))
    scores = rng.normal(size=(n_subjects, n_components))
    scores[: int(rng.integers(0, 2))] = np.nan
    half = n_subjects // 2
    weights = {
        name: ModelWeights(name, rng.normal(size=n_edges), "", subjects[: half + 1], subjects[half:])
        for name in ("ridge/0", "ridge/1")
    }
    return {
        "scans": tuple(scans),
        "measures": measures,
        "parcellation": _parcellation(n_parcels, rng),
        "decompositions": {
            "given": Decomposition("given", rng.normal(size=(n_components, n_edges)).astype(np.float32), scores)
        },
        "weights": weights if rng.random() < 0.7 else {},
    }


def _parcellation(n_parcels: int, rng: np.random.Generator) -> Parcellation:
    if rng.random() < 0.3:
        return plain_parcellation(n_parcels)
    networks = [str(name) for name in rng.choice(["DMN", "VIS", "SMN"], n_parcels)]
    labels = tuple(f"P{number}" for number in range(n_parcels))
    return Parcellation("Odd", labels, rng.normal(0, 40, (n_parcels, 3)), tuple(networks), tuple(sorted(set(networks))))


def _variants(n_subjects: int, n_variants: int, rng: np.random.Generator) -> VariantSet:
    dosage = rng.binomial(2, rng.uniform(0, 1, n_variants), (n_subjects, n_variants)).astype(np.int8)
    dosage[rng.random(dosage.shape) < rng.choice([0, 0.3])] = -1
    if rng.random() < 0.2:
        dosage[:, 0] = -1
    return VariantSet(
        name="set",
        dosage=dosage,
        variant_ids=tuple(f"rs{number}" for number in range(n_variants)),
        chromosomes=tuple(str(name) for name in rng.choice(["0", "1", "2", "X", "Y", "MT"], n_variants)),
        positions=rng.integers(0, 10**6, n_variants),
        effect_alleles=("A",) * n_variants,
        other_alleles=("G",) * n_variants,
    )


# --- forms ----------------------------------------------------------------------------------------


def filled_in(analysis: Analysis, cohort: Cohort, share: float, rng: np.random.Generator) -> dict[str, Json]:
    """Return what somebody sends who fills in what is required, and a ``share`` of the rest, without looking."""
    given: dict[str, Json] = {}
    for field in form_of(analysis):
        cheap = {"repetitions": 3, "n_folds": 3, "permutations": field.get("minimum")}.get(field["name"])
        if cheap is not None:
            given[field["name"]] = cheap
        elif field["required"] or rng.random() < share:
            value = _value(field, cohort, given, rng)
            if value is not None:
                given[field["name"]] = value
    return given


def _value(field: Mapping[str, Json], cohort: Cohort, given: Mapping[str, Json], rng: np.random.Generator) -> Json:
    def one_of(names: object) -> str | None:
        options = [str(name) for name in names]  # type: ignore[attr-defined]
        return str(rng.choice(options)) if options else None

    fitting = [name for name, one in cohort.phenotypes.items() if field.get("kind") in (None, one.kind)]
    match field["marker"]:
        case "PhenotypeChoice":
            return one_of(fitting)
        case "PhenotypesChoice":
            return rng.permutation(fitting)[: int(rng.integers(0, 4))].tolist()
        case "LevelChoice":
            chosen = cohort.phenotypes.get(str(given.get(field["of"])))
            return one_of(chosen.levels) if chosen is not None else None
        case "Choice" | "CohortChoice":
            return field["options"][int(rng.integers(len(field["options"])))][0]
        case "Flag":
            return bool(rng.integers(2))
        case "Number" | "Integer":
            return field["minimum"] if rng.random() < 0.3 else field["default"]
        case "GroupChoice":
            return one_of(_condition(one) for one in cohort.phenotypes.values())
        case "MapsChoice":
            mean = {"analysis": "connectivity-summary", "params": {}, "array": one_of(("mean", "sd"))}
            maps = [["A", {"scan": 0, "measure": "fc"}], ["B", mean]]
            return maps[: int(rng.integers(1, 3))]
        case "Text":
            return one_of(("A", "A - 1", "log(A)", "A / 0", "zscore(A)", "corr(A, A)", "A ** 0.5", "max(A)", "-A"))
        case "WeightsChoice":
            return rng.permutation(list(cohort.weights))[:2].tolist()
    names = {
        "MeasureChoice": cohort.measures,
        "TaskChoice": cohort.tasks,
        "SessionChoice": cohort.sessions,
        "RunChoice": cohort.runs,
        "VariantSetChoice": cohort.variant_sets,
        "DecompositionChoice": cohort.decompositions,
    }
    return one_of(names.get(field["marker"], ()))


def _condition(phenotype: Phenotype) -> str:
    if phenotype.levels:
        return f"`{phenotype.name}` == '{phenotype.levels[0]}'"
    known = phenotype.values[~phenotype.missing]
    return f"`{phenotype.name}` >= {float(np.median(known)) if known.size else 0}"
