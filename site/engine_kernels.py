"""Products of matrices by the kernels that the worker brings; see build_scripts/kernels.py.

They work on the memory that Python has, so that nothing is copied but what they pack. It may grow while they are there.
"""

import numpy as np

F32, F64 = np.dtype(np.float32), np.dtype(np.float64)


class Kernels:
    """The `imagenomer.statistics.products.Backend` of the page.

    Parameters
    ----------
    functions : JsProxy
        What the module exports.
    blas : Backend
        Multiplies by vectors: that takes as long as reading the matrix, whoever does it.
    """

    def __init__(self, functions, blas):
        self._workspace = np.zeros(functions.workspace.value, dtype=np.uint8)
        self._multiply = {
            (F32, F32): functions.multiply_f32,
            (F32, F64): functions.multiply_f32_f64,
            (F64, F64): functions.multiply_f64,
        }
        self._logistic = functions.logistic_f64
        self.combine_rows = blas.combine_rows

    def multiply(self, left, right, out, *, add):
        self._run(left, right, out, add, False)

    def add_gram(self, rows, total):
        self._run(rows, rows.T, total, True, True)

    def logistic(self, values):
        self._logistic(address(values), values.size)

    def _run(self, left, right, out, add, upper):
        function = self._multiply[left.dtype, out.dtype]
        function(
            *(address(left), *left.strides),
            *(address(right), *right.strides),
            *(address(out), out.strides[0]),
            *(len(left), right.shape[1], len(right)),
            *(add, upper, address(self._workspace)),
        )


def address(array):
    """Return where the first number of an array is."""
    return array.__array_interface__["data"][0]
