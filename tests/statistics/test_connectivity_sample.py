"""A connectivity sample: some of its subjects are the sample of them, and tested as they are."""

from __future__ import annotations

import numpy as np

from imagenomer.progress import finish
from imagenomer.statistics.connectivity_sample import Sample
from imagenomer.statistics.score_test import score_test


def test_some_of_the_subjects_are_tested_as_a_sample_of_their_own():
    rng = np.random.default_rng(1)
    edges = rng.normal(size=(40, 30)).astype(np.float32)
    deviations = (edges - edges.mean(axis=0)).astype(float)
    families, target = np.repeat(np.arange(20), 2), rng.normal(size=(40, 1))
    sample = Sample(deviations @ deviations.T, edges, np.arange(40), np.arange(100, 140), target, families)
    known = np.arange(40) % 5 > 0
    covariates = rng.normal(size=(32, 1))
    ours = finish(sample.test(known, covariates, 99, np.random.default_rng(2)))
    some = np.flatnonzero(known)
    part = sample.of(some)
    np.testing.assert_array_equal(part.subjects, 100 + some)
    assert part.n_subjects == 32
    own = deviations[some] - deviations[some].mean(axis=0)
    alone = finish(
        score_test(
            own @ own.T,
            edges[some],
            np.arange(32),
            target[some],
            covariates,
            n_flips=99,
            rng=np.random.default_rng(2),
            clusters=families[some],
        )
    )
    assert ours == alone
