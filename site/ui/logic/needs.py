"""Needs: what an analysis needs of a cohort, and what to bring where it is lacking."""

from logic.language import say


def _together(what, bring):
    return say("This cohort has no {what}. Open it together with {bring}.", what=what, bring=bring)


#: What an analysis may need: where the overview lists it, and what to say where it does not.
NEEDS = (
    ("connectivity", "measures", _together(say("connectivity"), say("a matrix or time series for each scan"))),
    (
        "variants",
        "variant_sets",
        _together(say("genotypes"), say("the three files of PLINK (.bed, .bim, .fam), or a folder snps/")),
    ),
    ("decompositions", "decompositions", _together(say("decomposition"), say("a folder decomp/"))),
    ("weights", "weights", _together(say("model weights"), say("a folder weights/"))),
    ("phenotypes", "phenotypes", _together(say("phenotypes"), say("a table of the subjects"))),
    ("second", "second", say("No second cohort is open. Open one beside this one by “Second cohort”, above.")),
)


def lacking(cohort, entry):
    """What to say of an analysis that needs what the cohort does not have; None if it has everything."""
    for need, where, message in NEEDS:
        if need in entry["needs"] and not cohort[where]:
            return message
    return None
