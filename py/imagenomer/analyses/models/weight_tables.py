"""Tables of model weights: the strongest, those of each genotype, and whom models were trained on."""

from __future__ import annotations

import numpy as np

from imagenomer.analyses.contract import Column, TableView
from imagenomer.analyses.models.weight_summary import GENOTYPES, TrainingOverlap, WeightSummary
from imagenomer.analyses.shared.strongest_edges import EDGE_COLUMNS, named_edges
from imagenomer.cohort import Cohort, VariantSet, parcellation_of
from imagenomer.jsonable import finite
from imagenomer.types import IntArray, Row

_MODEL_COLUMNS = (
    Column("model", "Model"),
    Column("n_train", "Training rows", "integer"),
    Column("n_train_subjects", "Training subjects", "integer"),
    Column("n_test", "Test rows", "integer"),
    Column("n_test_subjects", "Test subjects", "integer"),
    Column("n_in_both", "Subjects in both", "integer"),
    Column("n_leaking", "Test rows of those", "integer"),
    Column("n_nonzero", "Weights not zero", "integer"),
    Column("minimum", "Lowest weight", "number"),
    Column("maximum", "Highest weight", "number"),
    Column("description", "Description"),
    Column("in_both", "Training and test subjects", where="file"),
)

_VARIANT_COLUMNS = (
    Column("variant", "Variant"),
    Column("genotype", "Genotype"),
    Column("chromosome", "Chromosome"),
    Column("position", "Position", "integer"),
)

_GENOTYPE_COLUMNS = (
    Column("genotype", "Genotype"),
    Column("n_weights", "Weights", "integer"),
    Column("n_nonzero", "Not zero", "integer"),
    Column("minimum", "Lowest", "number"),
    Column("maximum", "Highest", "number"),
    Column("magnitude", "Mean magnitude", "number"),
)


def top_weights(cohort: Cohort, result: WeightSummary) -> list[Row]:
    """Describe the weights that are listed."""
    top = np.concatenate(result.top)
    if result.variants is None:
        named = named_edges(parcellation_of(cohort), top)
    else:
        named = _named_variants(result.variants, top)
    rows: list[Row] = []
    for row, index in zip(named, top.tolist(), strict=True):
        own = result.values[:, index]
        low, high = np.quantile(own, [0.25, 0.75])
        rows.append(
            {
                **row,
                "weight": float(result.average[index]),
                **(
                    {
                        "lower_quartile": float(low),
                        "upper_quartile": float(high),
                        "iqr": float(result.iqr[index]),
                        "agreement": float(result.agreement[index]),
                    }
                    if result.several
                    else {}
                ),
            }
        )
    return rows


def top_table(result: WeightSummary, top: list[Row]) -> TableView:
    """Return the table of `top_weights`."""
    return TableView("top", "Strongest weights", _top_columns(result), tuple(top))


def _top_columns(result: WeightSummary) -> tuple[Column, ...]:
    several = (
        Column("lower_quartile", "Lower quartile", "number"),
        Column("upper_quartile", "Upper quartile", "number"),
        Column("iqr", "IQR", "number"),
        Column("agreement", "Models of this sign", "number"),
    )
    return (
        *(EDGE_COLUMNS if result.variants is None else _VARIANT_COLUMNS),
        Column("weight", "Mean weight" if result.several else "Weight", "number"),
        *(several if result.several else ()),
    )


def _named_variants(variants: VariantSet, top: IntArray) -> list[Row]:
    n_variants = len(variants.variant_ids)
    return [
        {
            "variant": variants.variant_ids[index % n_variants],
            "genotype": GENOTYPES[index // n_variants],
            "chromosome": variants.chromosomes[index % n_variants],
            "position": int(variants.positions[index % n_variants]),
        }
        for index in top.tolist()
    ]


def genotypes_table(result: WeightSummary) -> TableView:
    """Return how many weights each genotype has, and how large they are."""
    return TableView("blocks", "Weights of each genotype", _GENOTYPE_COLUMNS, tuple(_genotype_rows(result)))


def _genotype_rows(result: WeightSummary) -> list[Row]:
    rows: list[Row] = []
    for title, own in zip(GENOTYPES, np.split(result.average, len(GENOTYPES)), strict=True):
        rows.append(
            {
                "genotype": title,
                "n_weights": int(own.size),
                "n_nonzero": int(np.count_nonzero(own)),
                "minimum": finite(np.nanmin(own)),
                "maximum": finite(np.nanmax(own)),
                "magnitude": finite(float(np.nanmean(np.abs(own)))),
            }
        )
    return rows


def models_table(overlaps: list[TrainingOverlap]) -> TableView:
    """Return a row for each model."""
    return TableView("models", "Models", _MODEL_COLUMNS, tuple(model_row(one) for one in overlaps))


def model_row(one: TrainingOverlap) -> Row:
    """Return how many rows a model was trained and tested on, who is in both, and its weights in short."""
    model = one.model
    return {
        "model": model.name,
        "n_train": len(model.train_subjects),
        "n_train_subjects": one.n_train_subjects,
        "n_test": len(model.test_subjects),
        "n_test_subjects": one.n_test_subjects,
        "n_in_both": len(one.in_both),
        "n_leaking": one.n_leaking,
        "in_both": ", ".join(one.in_both),
        "n_nonzero": int(np.count_nonzero(model.values)),
        "minimum": finite(np.nanmin(model.values)),
        "maximum": finite(np.nanmax(model.values)),
        "description": model.description,
    }
