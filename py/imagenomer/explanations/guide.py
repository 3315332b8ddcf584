"""Which analysis answers which question: what people want to know, in their words, and where they find it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """Something that somebody wants to know.

    Attributes
    ----------
    text : str
        In the words of who asks.
    analysis : str
        That answers it.
    option, value : str
        What to choose in its form for that; "" where the form answers as it stands.
    """

    text: str
    analysis: str
    option: str = ""
    value: str = ""


#: What the questions are about, and the questions.
TOPICS: tuple[tuple[str, tuple[Question, ...]], ...] = (
    (
        "Are my data good enough?",
        (
            Question("What does average connectivity look like?", "connectivity-summary"),
            Question("Is connectivity associated with motion?", "quality-control", "check", "motion"),
            Question("Which scans are outliers?", "quality-control", "check", "outliers"),
            Question("Are scans labelled with the right subject?", "quality-control", "check", "identity"),
            Question("Whom would a limit on motion exclude?", "quality-control", "check", "dropped"),
            Question("How reproducible is an edge in the same subject?", "reliability"),
            Question("Do sites or scanners differ, and how do I remove that?", "harmonisation"),
            Question("Which variants should be filtered out?", "variant-summary"),
        ),
    ),
    (
        "Whom have I got?",
        (
            Question("How is a phenotype distributed, and do groups differ in it?", "phenotype-distribution"),
            Question("Are two phenotypes associated?", "phenotype-association"),
            Question("Which phenotypes are associated with each other?", "phenotype-matrix"),
            Question("Which ancestries are in the cohort?", "ancestry-components"),
        ),
    ),
    (
        "What is connectivity associated with?",
        (
            Question("Which connections are associated with a phenotype?", "edge-association"),
            Question("Which connected sets of edges are (NBS)?", "edge-association", "correction", "nbs"),
            Question("Which pairs of networks are associated with a phenotype?", "network-association"),
            Question("Which patterns of connectivity are, rather than single edges?", "component-association"),
            Question("Does the association replicate in a second cohort?", "edge-replication"),
        ),
    ),
    (
        "Is it only a confound?",
        (
            Question("Is the association explained by something else?", "confound-report"),
            Question("Which phenotypes might be confounds?", "phenotype-matrix"),
            Question("Is a prediction better than one from confounds alone?", "prediction"),
        ),
    ),
    (
        "Can it be predicted?",
        (
            Question("From connectivity?", "prediction", "features", "connectivity"),
            Question("From genotypes?", "prediction", "features", "variants"),
            Question("From other phenotypes?", "prediction", "features", "phenotypes"),
            Question("In subjects of a site that the model has not seen?", "prediction", "protocol", "leave-one-out"),
            Question("What do trained models weigh most?", "model-weights"),
        ),
    ),
    (
        "What do genes have to do with it?",
        (
            Question("Which variants are associated with a phenotype?", "variant-association"),
            Question("Which variants are associated with patterns of connectivity?", "component-variants"),
        ),
    ),
    (
        "How do maps compare?",
        (
            Question("What is the difference of two maps?", "image-maths"),
            Question("Are two maps alike, beyond chance?", "map-comparison"),
            Question("Into which patterns does connectivity fall apart?", "components"),
        ),
    ),
)
