"""Products of matrices: natively by BLAS, and nowhere else in the package."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import imagenomer
from imagenomer.statistics import products
from product_checks import CHECKS, OF_THE_KERNELS


@pytest.mark.parametrize("name", [name for name in CHECKS if name != OF_THE_KERNELS])
def test_blas_multiplies_right(name):
    CHECKS[name]()


@pytest.mark.parametrize(
    ("left", "right", "words"),
    [
        (np.zeros((2, 3)), np.zeros((2, 3)), "no product"),
        (np.zeros(3), np.zeros((3, 2)), "no product"),
        (np.zeros((2, 3)), np.zeros((3, 2), dtype=np.float32), "both must be float32 or both float64"),
        (np.zeros((2, 3), dtype=int), np.zeros((3, 2), dtype=int), "both must be float32 or both float64"),
    ],
)
def test_what_does_not_fit_is_refused(left, right, words):
    with pytest.raises(ValueError, match=words):
        products.multiply(left, right)


def test_a_sum_that_does_not_fit_is_refused():
    square, single = np.zeros((3, 3)), np.zeros((3, 3), dtype=np.float32)
    for total, operand in ((np.zeros((3, 4)), square), (single, square), (np.zeros((3, 3), dtype=int), single)):
        with pytest.raises(ValueError, match="does not fit"):
            products.add_product(total, operand, operand)
    with pytest.raises(ValueError, match="share memory"):
        products.add_product(square, square.T, np.ones((3, 3)))
    with pytest.raises(ValueError, match="in one piece"):
        products.add_gram(np.zeros((3, 6))[:, ::2], square)


def test_limits_and_pairs_that_do_not_fit_are_refused():
    single, double = np.zeros((3, 3), dtype=np.float32), np.zeros((3, 3))
    limit, rows = np.zeros(3, dtype=np.float32), np.array([0, 2])
    for left, limits in ((double, limit), (single, limit[:2]), (single, np.zeros(3))):
        with pytest.raises(ValueError, match="limits of"):
            products.multiply_above(left, left, limits)
    with pytest.raises(ValueError, match="no product"):
        products.multiply_max(single, single[:2])
    for one, other in ((double, double), (single.T[::2], single), (single, np.zeros((9, 3), dtype=np.float32)[::2])):
        with pytest.raises(ValueError, match="in float32, of matrices in C's order"):
            products.multiply_pairs(one, other, rows[:1], rows[:1])
    with pytest.raises(ValueError, match="make no pairs"):
        products.multiply_pairs(single, single, rows, rows[:1])
    for outside in (np.array([0, 3]), np.array([-1, 0])):
        with pytest.raises(ValueError, match=r"rows .* of 3"):
            products.multiply_pairs(single, single, rows, outside)


def test_who_multiplies_can_be_replaced():
    class Counting(products.Blas):
        calls = 0

        def multiply(self, left, right, out, *, add):
            self.calls += 1
            super().multiply(left, right, out, add=add)

    counting = Counting()
    before = products.use(counting)
    try:
        products.multiply(np.ones((2, 2)), np.ones((2, 2)))
    finally:
        assert products.use(before) is counting
    products.multiply(np.ones((2, 2)), np.ones((2, 2)))
    assert counting.calls == 1


# --- nowhere else ---------------------------------------------------------------------------------

PACKAGE = Path(imagenomer.__file__).parent
#: Other ways to multiply.
NAMES = {"blas", "dot", "vdot", "matmul", "tensordot", "multi_dot"}
#: Modules that multiply all the same, and what is small there.
SMALL = {
    "analyses/connectivity/harmonisation_comparison.py": "single vectors",
    "analyses/models/prediction.py": "single vectors",
    "analyses/shared/edge_points.py": "one edge",
    "expressions/evaluation.py": "single vectors",
    "figures/networks.py": "colours",
    "figures/pixels.py": "colours",
    "outline.py": "a point for each parcel",
    "statistics/classifiers.py": "single vectors",
    "statistics/comparison.py": "single vectors",
    "statistics/confounding.py": "a few columns of one variable",
    "statistics/contingency.py": "one table",
    "statistics/design.py": "one column and covariates",
    "statistics/elastic_net.py": "single vectors",
    "statistics/feature_classifiers.py": "single vectors",
    "statistics/flipped_predictions.py": "single vectors",
    "statistics/fold_harmonisation.py": "covariates of one site, summed",
    "statistics/independent_components.py": "as many rows and columns as components",
    "statistics/kernel_models.py": "single vectors",
    "statistics/left_out_scores.py": "one family",
    "statistics/orthonormal.py": "a single vector and a basis",
    "statistics/overlap.py": "single vectors",
    "statistics/qc_fc.py": "single vectors",
    "statistics/remaining_slope.py": "a few columns of one variable",
    "statistics/sample_space.py": "targets, and a row for each covariate",
    "statistics/scores.py": "single vectors",
    "statistics/selection.py": "single vectors",
    "statistics/site_effects.py": "one row",
    "statistics/sparse_components.py": "as many rows and columns as components",
    "statistics/variant_blocks.py": "one column and covariates",
    "statistics/variant_logistic.py": "one column and covariates",
    "statistics/variants.py": "single vectors",
    "teaching/connectivity.py": "four terms a value, into place",
    "teaching/genotypes.py": "eight platforms",
}


def multiplies(tree: ast.Module) -> bool:
    return any(
        (isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.MatMult))
        or (isinstance(node, ast.Attribute) and node.attr in NAMES)
        for node in ast.walk(tree)
    )


def test_nothing_else_multiplies_large_matrices():
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if multiplies(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert found - {"statistics/native.py"} == set(SMALL)


@pytest.mark.parametrize("code", ["a @ b", "a @= b", "np.dot(a, b)", "scipy.linalg.blas.dgemm(1, a, b)"])
def test_what_multiplies_is_recognised(code):
    assert multiplies(ast.parse(code))
    assert not multiplies(ast.parse("multiply(a, b)"))
