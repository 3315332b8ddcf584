"""The teaching cohort: synthetic people whose every cause and effect is known.

It imitates the structure of the Philadelphia Neurodevelopmental Cohort as Orlichenko et al. describe it:
ancestry group shifts both connectivity and the WRAT score, connectivity has no effect on the score, and so
connectivity predicts the score in the whole cohort and hardly within a group. What is planted is a `Recipe`;
other recipes plant other truths. ``datasets/teaching/README.md`` says what is drawn how, and what differs
from reality.

References
----------
.. [1] Orlichenko A, Daly G, Zhou Z, Liu A, Shen H, Deng HW, Wang YP. ImageNomer: description of a functional
   connectivity and omics analysis tool and case study identifying a race confound. Neuroimage: Reports 3,
   100191, 2023. doi:10.1016/j.ynirp.2023.100191
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from imagenomer.cohort import Cohort, LogEntry
from imagenomer.errors import InputError
from imagenomer.parcellation import load_atlas
from imagenomer.progress import Steps
from imagenomer.teaching.connectivity import TASKS, draw_brain, draw_scans
from imagenomer.teaching.genotypes import N_VARIANTS, draw_genotypes
from imagenomer.teaching.people import draw_people
from imagenomer.teaching.recipe import (
    BOTH,
    MEDIATOR,
    MOTION,
    NOTHING,
    PURE_CONFOUND,
    REAL_EFFECT,
    SITE,
    TRUTHS,
    Effect,
    Recipe,
)
from imagenomer.teaching.second import SECOND_SIZES, generate_second
from imagenomer.wording import plural

__all__ = [
    "BOTH",
    "MEDIATOR",
    "MOTION",
    "NOTHING",
    "PURE_CONFOUND",
    "REAL_EFFECT",
    "SECOND_SIZES",
    "SITE",
    "SIZES",
    "TRUTHS",
    "Effect",
    "Recipe",
    "Size",
    "generate",
    "generate_second",
]


@dataclass(frozen=True, slots=True)
class Size:
    """How much of a teaching cohort is drawn.

    Attributes
    ----------
    n_subjects : int
    atlas : str
        With networks, along which effects are planted.
    tasks : tuple of str
        Of ``emoid``, ``nback`` and ``rest``.
    n_variants : int
    """

    n_subjects: int
    atlas: str = "power-264"
    tasks: tuple[str, ...] = TASKS
    n_variants: int = N_VARIANTS


#: The numbers in the documentation are those of the full size. The small one is for checks with hundreds of cohorts.
SIZES = MappingProxyType(
    {
        "quick": Size(250),
        "full": Size(830),
        "small": Size(300, "schaefer-100-7", ("rest",), 1_000),
    }
)

DESCRIPTION = """\
None of these people exist: everything was drawn from random numbers, in the image of a study of youths aged 8 to 23. \
Connectivity, a reading score and genotypes differ between ancestry groups, the first two because circumstances do; \
connectivity has no effect on the score. Hundreds of connections are associated with the score nevertheless; look \
within one group, and all but a few are gone: those few come from circumstances, which differ within a group too."""


def generate(size: str | int | Size = "quick", seed: int = 1, recipe: Recipe | None = None) -> Steps[Cohort]:
    """Draw a teaching cohort.

    The same size, seed and recipe give the same cohort on every machine, as far as NumPy's generators promise it.

    Parameters
    ----------
    size : {"quick", "full", "small"}, int or Size
        ``full`` is 830 people, the size whose numbers the documentation gives; ``quick`` is 250, in which
        the same effects are planted and fewer can be found; ``small`` is 300 people, 100 parcels, one task and
        1,000 variants. A number: so many people as in ``quick``, at least 40.
    seed : int
        Not negative. Another seed is another cohort: other people, and effects on other network pairs.
    recipe : Recipe, optional
        What is planted, such as one of `TRUTHS`; by default the confound described above.

    Returns
    -------
    Steps[Cohort]
        A generator that yields `Progress` several times a second and returns the cohort.

    Raises
    ------
    InputError
        If the size or the seed is not one of these.
    """
    chosen = SIZES.get(size) if isinstance(size, str) else Size(size) if isinstance(size, int) else size
    if chosen is None or chosen.n_subjects < 40:
        raise InputError(
            f"a teaching cohort of size {size!r} cannot be made; choose {', '.join(SIZES)} or at least 40 subjects"
        )
    if seed < 0:
        raise InputError(f"the seed {seed} is negative; choose a whole number from 0 on")
    planted = recipe or Recipe()
    # Separate streams, so that a change in how one part is drawn leaves the others as they were.
    for_people, for_connectivity, for_genotypes = map(np.random.default_rng, np.random.SeedSequence(seed).spawn(3))
    people = draw_people(chosen.n_subjects, planted, for_people)
    parcellation = load_atlas(chosen.atlas)
    brain = draw_brain(planted, parcellation, chosen.tasks, for_connectivity)
    scans, measure = yield from draw_scans(people.subjects, people.causes, brain, for_connectivity)
    variants = yield from draw_genotypes(people, chosen.n_variants, for_genotypes)
    return Cohort(
        name="Teaching cohort",
        subjects=people.subjects,
        phenotypes=people.phenotypes,
        scans=scans,
        measures={measure.name: measure},
        parcellation=parcellation,
        variant_sets={variants.name: variants},
        log=(
            LogEntry("recognised", f"Made {chosen.n_subjects} synthetic people, seed {seed}; none of them exists."),
            LogEntry("recognised", f"Drew their connectivity in {_tasks_in_words(chosen.tasks)}."),
            LogEntry("recognised", f"Drew their genotypes at {plural(len(variants.variant_ids), 'variant')}."),
            LogEntry("recognised", f"Planted: {planted.in_words()}"),
            *(
                [
                    LogEntry(
                        "warning",
                        f"The documentation gives the numbers of {SIZES['full'].n_subjects} people; fewer show less.",
                    )
                ]
                if chosen.n_subjects < SIZES["full"].n_subjects
                else []
            ),
        ),
        description=DESCRIPTION if recipe is None else _description_of(planted),
        licence="CC0-1.0",
        provenance=f"Drawn by imagenomer.teaching.generate(size={size!r}, seed={seed}).",
        synthetic=True,
    )


def _tasks_in_words(tasks: tuple[str, ...]) -> str:
    return f"{len(tasks)} tasks: {', '.join(tasks)}" if len(tasks) > 1 else f"one task: {tasks[0]}"


def _description_of(recipe: Recipe) -> str:
    return f"None of these people exist: everything was drawn from random numbers. Planted is {recipe.in_words()}"
