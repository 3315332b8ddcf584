"""Order and kind of edges from eigenvalues: told where the numbers tell it, and not where they do not."""

from __future__ import annotations

import numpy as np
import pytest

from imagenomer.edges import matrix_to_edges
from imagenomer.readers.evidence.order import Layout, decide, diagonal_positions, edge_positions, layouts_of

N = 24


def correlations(rng, n_scans=4, n_parcels=N, n_volumes=120):
    """Correlation matrices of a few shared signals, as brains have them."""
    mixing = rng.normal(size=(n_parcels, 5))
    series = rng.normal(size=(n_scans, n_volumes, 5)) @ mixing.T + rng.normal(size=(n_scans, n_volumes, n_parcels))
    return np.array([np.corrcoef(one.T) for one in series])


def partials(squares):
    precision = np.linalg.inv(squares)
    scale = np.sqrt(np.einsum("sii->si", precision))
    return -precision / (scale[:, :, None] * scale[:, None, :])


def written(squares, order, *, diagonal):
    """Matrices as vectors: the long way, entry by entry."""
    n = squares.shape[-1]
    pairs = [(i, j) for i in range(n) for j in range(n) if (i <= j if diagonal else i < j)]
    if order == "columns":
        pairs.sort(key=lambda pair: (pair[1], pair[0]))
    return np.array([[square[pair] for pair in pairs] for square in squares])


@pytest.mark.parametrize("order", ["rows", "columns"])
@pytest.mark.parametrize("diagonal", [False, True])
def test_positions_are_those_of_a_matrix_written_entry_by_entry(rng, order, diagonal):
    squares = correlations(rng)
    layout = Layout(N, order, diagonal)
    vectors = written(squares, order, diagonal=diagonal)
    assert vectors.shape[1] == layout.n_values
    np.testing.assert_array_equal(vectors[:, edge_positions(layout)], matrix_to_edges(squares))
    if diagonal:
        np.testing.assert_allclose(vectors[:, diagonal_positions(layout)], 1)


@pytest.mark.parametrize("order", ["rows", "columns"])
@pytest.mark.parametrize("kind", ["r", "z", "partial"])
def test_order_and_kind_are_told_from_the_numbers(rng, order, kind):
    squares = correlations(rng)
    with np.errstate(divide="ignore"):
        values = {"r": squares, "z": np.arctanh(squares), "partial": partials(squares)}[kind]
    evidence = decide(written(values, order, diagonal=False))
    assert evidence.layout == Layout(N, order, diagonal=False)
    assert evidence.kind == kind
    assert evidence.sentences


@pytest.mark.parametrize("order", ["rows", "columns"])
@pytest.mark.parametrize("kept", [1.0, 2**-0.5, 0.0, np.nan, np.inf])
def test_a_stored_diagonal_betrays_itself_and_is_taken_out(rng, order, kept):
    squares = correlations(rng)
    for square in squares:
        np.fill_diagonal(square, kept)
    evidence = decide(written(squares, order, diagonal=True))
    assert evidence.layout == Layout(N, order, diagonal=True)
    assert evidence.kind == "r"


@pytest.mark.parametrize("order", ["rows", "columns"])
def test_a_diagonal_of_means_within_parcels_is_told_by_what_fits(rng, order):
    squares = correlations(rng)
    for square in squares:
        np.fill_diagonal(square, rng.uniform(0.3, 0.8, N))
    assert decide(written(squares, order, diagonal=True)).layout == Layout(N, order, diagonal=True)


@pytest.mark.parametrize("order", ["rows", "columns"])
@pytest.mark.parametrize("of", ["full", "partial"])
def test_scores_of_an_unknown_scale_are_told_apart_by_the_margin(rng, order, of):
    squares = correlations(rng)
    values = 7.3 * (np.arctanh(squares - np.eye(N)) if of == "full" else partials(squares))
    evidence = decide(written(values, order, diagonal=False))
    assert (evidence.layout, evidence.kind) == (Layout(N, order, diagonal=False), "scaled")


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng, n: rng.poisson(3, (4, n)).astype(float),  # counts of fibres
        lambda rng, n: rng.uniform(-0.5, 0.5, (4, n)),
        lambda rng, n: np.abs(rng.normal(size=(4, n))) * 100,  # distances
        lambda rng, n: np.full((4, n), 0.3),
        lambda rng, n: np.zeros((4, n)),
        lambda rng, n: np.full((4, n), np.nan),
        lambda rng, n: rng.uniform(-1e-4, 1e-4, (4, n)),  # so little that every order fits
    ],
)
def test_where_the_numbers_do_not_tell_it_is_not_decided(rng, draw):
    evidence = decide(draw(rng, N * (N - 1) // 2))
    assert evidence.layout is None
    assert len(evidence.layouts) == 4


def test_the_number_of_values_alone_never_decides():
    assert [(one.n_parcels, one.diagonal) for one in layouts_of(5050)] == [(101, False)] * 2 + [(100, True)] * 2
    assert layouts_of(5051) == layouts_of(0) == ()


def test_missing_parcels_and_half_precision_change_nothing(rng):
    squares = correlations(rng)
    squares[:, 3, :] = squares[:, :, 3] = np.nan
    vectors = written(squares, "columns", diagonal=False).astype(np.float16)
    assert decide(vectors).layout == Layout(N, "columns", diagonal=False)


def test_all_real_scans_are_told_rightly(shared_data):
    folder = shared_data / "fibromyalgia"
    for measure, kind in (("fc", "r"), ("partial", "partial")):
        for path in sorted((folder / measure).glob("*.npy"))[:12]:
            rows = np.load(path)[None]
            squares = np.zeros((1, 264, 264))
            first, second = np.triu_indices(264, k=1)
            squares[0, first, second] = squares[0, second, first] = rows[0]
            columns = squares[0].T[np.tril_indices(264, k=-1)][None]
            for vectors, order in ((rows, "rows"), (columns, "columns")):
                evidence = decide(vectors)
                assert (evidence.layout, evidence.kind) == (Layout(264, order, diagonal=False), kind), path.name
