"""Products of matrices: natively by BLAS, and nowhere else in the package."""

from __future__ import annotations

import numpy as np
import pytest

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
