"""Products of matrices, and what NumPy takes many passes for, by the kernels of build_scripts/kernels.py.

They work on the memory that Python has, so that nothing is copied but what they pack. It may grow while they are there.
"""

import numpy as np

F32, F64 = np.dtype(np.float32), np.dtype(np.float64)

#: Rows of a matrix made tridiagonal at a time, whose products with the rest are made together.
REFLECTORS = 32
#: Bytes of a part of a product that is looked through and not kept, for the second cache.
PART = 1 << 19


class Kernels:
    """The `imagenomer.statistics.backend.Backend` of the page.

    Parameters
    ----------
    functions : JsProxy
        What the module exports.
    blas : Backend
        Multiplies by vectors: that takes as long as reading the matrix, whoever does it.
    """

    few_pairs = 0.25

    def __init__(self, functions, blas):
        self._workspace = np.zeros(functions.workspace.value, dtype=np.uint8)
        self._multiply = {
            (F32, F32): functions.multiply_f32,
            (F32, F64): functions.multiply_f32_f64,
            (F64, F64): functions.multiply_f64,
        }
        self._largest = {F32: functions.largest_f32, F64: functions.largest_f64}
        self._ranks = {F32: functions.ranks_f32, F64: functions.ranks_f64}
        self._rank_counts, self._rank_row = functions.rank_counts.value, functions.rank_row.value
        self._above, self._pairs = functions.above_f32, functions.pairs_f32
        self._add_noise = functions.add_noise
        self._reflect = functions.reflect
        self._logistic, self._supports = functions.logistic_f64, functions.supports
        self.combine_rows = blas.combine_rows

    def multiply(self, left, right, out, *, add):
        self._run(left, right, out, add, False)

    def add_gram(self, rows, total):
        self._run(rows, rows.T, total, True, True)

    def logistic(self, values):
        self._logistic(address(values), values.size)

    def multiply_max(self, left, right, largest):
        for rows, part in self._parts(left, right):
            self._raise(part, largest[rows])

    def multiply_above(self, left, right, limit, of_largest):
        largest = np.zeros(len(left), dtype=np.float32)
        places, values = [], []
        for rows, part in self._parts(left, right):
            self._raise(part, largest[rows])
            limits = np.ascontiguousarray(limit[rows])
            if of_largest:
                limits = np.maximum(limits, np.float32(of_largest) * largest[rows])
            place, value = np.empty(part.size, dtype=np.int32), np.empty(part.size, dtype=np.float32)
            given = (address(part), part.strides[0], *part.shape)
            found = self._above(*given, address(limits), address(place), address(value))
            places.append(place[:found] + rows.start * right.shape[1])
            values.append(value[:found].copy())
        return largest, np.concatenate(places), np.concatenate(values)

    def multiply_pairs(self, left, right, left_rows, right_rows):
        out = np.empty(left_rows.size, dtype=np.float32)
        lefts, rights = (np.ascontiguousarray(rows, dtype=np.int32) for rows in (left_rows, right_rows))
        self._pairs(
            *(address(left), left.strides[0], address(right), right.strides[0], left.shape[1]),
            *(address(lefts), address(rights), out.size, address(out)),
        )
        return out

    def rank_columns(self, values, ranks):
        work = np.empty(self._rank_counts + len(values) * self._rank_row, dtype=np.uint8)
        given = (address(values), values.strides[0], *values.shape)
        self._ranks[values.dtype](*given, address(ranks), ranks.strides[0], address(work))

    def support(self, level, ends, power, weight):
        n_graphs, n_edges = level.shape
        n_parcels, n_levels = 1 + max(int(end.max()) for end in ends), weight.size - 1
        scores = np.empty(level.shape)
        size = 4 * n_edges + 8 * n_parcels + 4 * (n_levels + 2) + 8 * n_parcels * (n_levels + 1)
        work = np.empty(size, dtype=np.uint8)
        first, second = (np.ascontiguousarray(end, dtype=np.int32) for end in ends)
        self._supports(
            *(address(level), n_graphs, n_edges, n_parcels, n_levels, address(first), address(second)),
            *(address(power), address(weight), address(scores), address(work)),
        )
        return scores

    def add_noise(self, values, order, noise, scales, out):
        self._add_noise(*map(address, (values, order, *noise, scales, out)), out.size)

    def tridiagonalise(self, matrix, diagonal, beside, tau):
        n, places = len(matrix), tuple(map(address, (diagonal, beside, tau)))
        update = np.empty((REFLECTORS, n))
        for start in range(0, n, REFLECTORS):
            stop = min(start + REFLECTORS, n)
            self._reflect(address(matrix), matrix.strides[0], n, start, stop, *places, address(update))
            both = matrix[start:stop, stop:], update[: stop - start, stop:]
            if stop < n:
                left, right = np.concatenate(both), np.concatenate(both[::-1])
                self._run(left.T, right, matrix[stop:, stop:], True, True)
            yield

    def _parts(self, left, right):
        """Yield rows of the product, and these in a place that the next ones take."""
        n = right.shape[1]
        at_once = max(1, PART // (n * left.itemsize))
        part = np.empty((min(at_once, len(left)), n), dtype=left.dtype)
        for start in range(0, len(left), at_once):
            rows = slice(start, min(start + at_once, len(left)))
            some = part[: rows.stop - start]
            self._run(left[rows], right, some, False, False)
            yield rows, some

    def _raise(self, part, largest):
        self._largest[part.dtype](address(part), part.strides[0], *part.shape, address(largest))

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
