"""Needs: what an analysis needs of a cohort, and what to bring where it is lacking."""

#: What an analysis may need: where the overview lists it, what it is called, and what to bring.
NEEDS = (
    ("connectivity", "measures", "connectivity", "a matrix or time series for each scan"),
    ("variants", "variant_sets", "genotypes", "the three files of PLINK (.bed, .bim, .fam), or a folder snps/"),
    ("decompositions", "decompositions", "decomposition", "a folder decomp/"),
    ("weights", "weights", "model weights", "a folder weights/"),
    ("phenotypes", "phenotypes", "phenotypes", "a table of the subjects"),
)


def lacking(cohort, entry):
    """What to say of an analysis that needs what the cohort does not have; None if it has everything."""
    for need, where, what, bring in NEEDS:
        if need in entry["needs"] and not cohort[where]:
            return f"This cohort has no {what}. Open it together with {bring}."
    return None
