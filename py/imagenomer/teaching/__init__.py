"""The teaching cohort: synthetic people whose every cause and effect is known.

It imitates the structure of the Philadelphia Neurodevelopmental Cohort as Orlichenko et al. describe it:
ancestry group shifts both connectivity and the WRAT score, connectivity has no effect on the score, and so
connectivity predicts the score in the whole cohort and hardly within a group. What is planted is a `Recipe`;
other recipes plant other truths. ``datasets/teaching/README.md`` says what is drawn how, and what differs
from reality.

References
----------
.. [1] Orlichenko A, Su KJ, Tian Q, Shen H, Deng HW, Wang YP. ImageNomer: description of a functional
   connectivity and omics analysis tool and case study identifying a race confound. Neuroimage: Reports 3,
   100191, 2023. doi:10.1016/j.ynirp.2023.100191
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from imagenomer.cohort import Cohort, LogEntry
from imagenomer.errors import InputError
from imagenomer.parcellation import load_atlas
from imagenomer.progress import Steps
from imagenomer.teaching.connectivity import TASKS, draw_connectivity
from imagenomer.teaching.genotypes import draw_genotypes
from imagenomer.teaching.people import draw_people
from imagenomer.teaching.recipe import NOTHING, PURE_CONFOUND, REAL_EFFECT, Effect, Recipe

__all__ = ["NOTHING", "PURE_CONFOUND", "REAL_EFFECT", "SIZES", "Effect", "Recipe", "generate"]

#: People in each size. The numbers in the documentation are those of the full size.
SIZES = {"quick": 250, "full": 830}

DESCRIPTION = """\
None of these people exist: everything was drawn from random numbers, in the image of a study of youths aged 8 to 23. \
Connectivity, a reading score and genotypes differ between ancestry groups, the first two because circumstances do; \
connectivity has no effect on the score. Hundreds of connections go with the score nevertheless; look within one \
group, and all but a few are gone: those few come from circumstances, which differ within a group too."""


def generate(
    size: Literal["quick", "full"] | int = "quick", seed: int = 1, recipe: Recipe | None = None
) -> Steps[Cohort]:
    """Draw a teaching cohort.

    The same size, seed and recipe give the same cohort on every machine, as far as NumPy's generators promise it.

    Parameters
    ----------
    size : {"quick", "full"} or int
        ``full`` is 830 people, the size whose numbers the documentation gives; ``quick`` is 250, in which
        the same effects are planted and fewer can be found. A number: so many people, at least 40.
    seed : int
        Not negative. Another seed is another cohort: other people, and effects on other network pairs.
    recipe : Recipe, optional
        What is planted; by default the confound described above.

    Returns
    -------
    Steps[Cohort]
        A generator that yields `Progress` several times a second and returns the cohort.

    Raises
    ------
    InputError
        If the size or the seed is not one of these.
    """
    n_subjects = SIZES[size] if isinstance(size, str) and size in SIZES else size
    if isinstance(n_subjects, str) or n_subjects < 40:
        raise InputError(f"a teaching cohort of size {size!r} cannot be made; choose quick, full or at least 40 people")
    if seed < 0:
        raise InputError(f"the seed {seed} is negative; choose a whole number from 0 on")
    recipe = recipe or Recipe()
    # Separate streams, so that a change in how one part is drawn leaves the others as they were.
    for_people, for_connectivity, for_genotypes = map(np.random.default_rng, np.random.SeedSequence(seed).spawn(3))
    people = draw_people(n_subjects, recipe, for_people)
    parcellation = load_atlas("power-264")
    scans, measure = yield from draw_connectivity(people, recipe, parcellation, for_connectivity)
    variants = yield from draw_genotypes(people, for_genotypes)
    return Cohort(
        name="Teaching cohort (synthetic)",
        subjects=people.subjects,
        phenotypes=people.phenotypes,
        scans=scans,
        measures={measure.name: measure},
        parcellation=parcellation,
        variant_sets={variants.name: variants},
        log=(
            LogEntry("recognised", f"Made {n_subjects} synthetic people, seed {seed}; none of them exists."),
            LogEntry("recognised", f"Drew their connectivity in {len(TASKS)} tasks: {', '.join(TASKS)}."),
            LogEntry("recognised", f"Drew their genotypes at {len(variants.variant_ids):,} variants."),
            LogEntry("recognised", f"Planted: {recipe.in_words()}"),
            *(
                [
                    LogEntry(
                        "warning", f"The documentation gives the numbers of {SIZES['full']} people; fewer show less."
                    )
                ]
                if n_subjects < SIZES["full"]
                else []
            ),
        ),
        description=DESCRIPTION,
        licence="CC0-1.0",
        provenance=f"Drawn by imagenomer.teaching.generate(size={size!r}, seed={seed}).",
        synthetic=True,
    )
