"""Fields of a form: each kind is a class that knows how a value is checked, worded, named and offered."""

from imagenomer.analyses.contract.fields.choices import (
    DecompositionChoice,
    GroupChoice,
    LevelChoice,
    ListedChoice,
    MeasureChoice,
    NameChoice,
    PhenotypeChoice,
    RunChoice,
    SessionChoice,
    TaskChoice,
    VariantSetChoice,
)
from imagenomer.analyses.contract.fields.field import Control, Field
from imagenomer.analyses.contract.fields.several import (
    GroupsChoice,
    MapsChoice,
    NamesChoice,
    PhenotypesChoice,
    WeightsChoice,
)
from imagenomer.analyses.contract.fields.values import Choice, CohortChoice, Flag, Integer, Number, Text

__all__ = [
    "Choice",
    "CohortChoice",
    "Control",
    "DecompositionChoice",
    "Field",
    "Flag",
    "GroupChoice",
    "GroupsChoice",
    "Integer",
    "LevelChoice",
    "ListedChoice",
    "MapsChoice",
    "MeasureChoice",
    "NameChoice",
    "NamesChoice",
    "Number",
    "PhenotypeChoice",
    "PhenotypesChoice",
    "RunChoice",
    "SessionChoice",
    "TaskChoice",
    "Text",
    "VariantSetChoice",
    "WeightsChoice",
]
