"""Noise of connectivity with the covariance of real people's, from a model of low rank.

    python3 build_scripts/connectivity_noise.py FOLDER

makes ``datasets/noise/edges.npz`` anew from a folder of connectivity files; ``datasets/noise/README.md`` says of which.
Of 4,950 edges between 100 parcels it holds the leading components of the covariance over people, and the standard
deviation of what they leave, which is drawn independently. All are of Fisher's z.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MODEL = Path(__file__).parents[1] / "datasets" / "noise" / "edges.npz"
#: Parcels of the files, of which so many are taken at equal steps; components; the largest int8.
_PARCELS, N_PARCELS, _RANK, _LARGEST = 264, 100, 20, 127
N_EDGES = N_PARCELS * (N_PARCELS - 1) // 2


def draw_noise(n_subjects: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return edges of some people who differ for no reason, deviations from the mean, shape (n_subjects, N_EDGES)."""
    loadings, spread = _model()
    shared = rng.standard_normal((n_subjects, _RANK)) @ loadings
    return np.asarray(shared + spread * rng.standard_normal((n_subjects, N_EDGES)))


@cache
def _model() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the components, shape (_RANK, N_EDGES), and the standard deviation beside them, shape (N_EDGES,)."""
    with np.load(MODEL) as stored:
        return stored["components"] * stored["scales"][:, None], stored["spread"] * float(stored["spread_scale"])


def make(folder: Path) -> None:
    """Write the model of the connectivity at rest in a folder, one file a person."""
    files = sorted(folder.glob("*_task-rest_fc.npy"))
    taken = np.round(np.linspace(0, _PARCELS - 1, N_PARCELS)).astype(int)
    place = np.zeros((_PARCELS, _PARCELS), dtype=int)
    place[np.triu_indices(_PARCELS, 1)] = np.arange(_PARCELS * (_PARCELS - 1) // 2)
    rows, columns = np.triu_indices(N_PARCELS, 1)
    edges = np.stack([np.load(file)[place[taken[rows], taken[columns]]] for file in files])
    deviations = np.arctanh(np.clip(edges, -0.999, 0.999))
    deviations -= deviations.mean(axis=0)
    _, lengths, directions = np.linalg.svd(deviations, full_matrices=False)
    components = directions[:_RANK] * lengths[:_RANK, None] / np.sqrt(len(files) - 1)
    left = np.sqrt(np.maximum(deviations.var(axis=0, ddof=1) - (components**2).sum(axis=0), 0))
    scales, spread_scale = np.abs(components).max(axis=1) / _LARGEST, left.max() / _LARGEST
    np.savez_compressed(
        MODEL,
        components=np.round(components / scales[:, None]).astype(np.int8),
        scales=scales,
        spread=np.round(left / spread_scale).astype(np.int8),
        spread_scale=np.array(spread_scale),
    )


if __name__ == "__main__":
    make(Path(sys.argv[1]))
