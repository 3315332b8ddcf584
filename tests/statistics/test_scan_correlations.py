"""Correlations of scans a block at a time: those of NumPy, whether cut from a matrix or multiplied when asked for."""

from __future__ import annotations

import numpy as np
import pytest

from imagenomer.progress import Progress, finish
from imagenomer.statistics import feature_products
from imagenomer.statistics.scan_correlations import ScanCorrelations, correlations_of
from imagenomer.statistics.scan_products import ScanFeatures, scan_products

STEP = Progress("Comparing")


def blocks(values, monkeypatch, *, by_features):
    monkeypatch.setattr(feature_products, "FEW_SUBJECTS", 0 if by_features else 10_000)
    scans = finish(scan_products(values, np.arange(len(values))))
    assert isinstance(scans, ScanFeatures) == by_features
    found = finish(correlations_of(scans))
    assert isinstance(found, ScanCorrelations)
    assert (found.whole is None) == by_features
    assert len(found) == len(values)
    return np.concatenate([finish(found.block(start, STEP)) for start in found.starts()])


@pytest.mark.parametrize("by_features", [False, True])
@pytest.mark.parametrize("n_scans", [60, 255, 256, 257, 530])
def test_blocks_are_the_correlations_of_numpy(monkeypatch, rng, n_scans, by_features):
    values = rng.normal(0.3, 0.2, (n_scans, 41)).astype(np.float32)
    found = blocks(values, monkeypatch, by_features=by_features)
    np.testing.assert_allclose(found, np.corrcoef(values.astype(float)), atol=2e-6)
    assert np.abs(found).max() <= 1


@pytest.mark.parametrize("by_features", [False, True])
def test_a_scan_that_is_the_same_at_every_edge_is_like_none(monkeypatch, rng, by_features):
    values = rng.normal(0.3, 0.2, (60, 41)).astype(np.float32)
    values[17] = 0.3
    found = blocks(values, monkeypatch, by_features=by_features)
    assert np.isnan(found[17]).all()
    assert np.isnan(found[:, 17]).all()
    assert np.isfinite(np.delete(np.delete(found, 17, 0), 17, 1)).all()
