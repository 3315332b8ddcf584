"""What products of matrices must be, whoever multiplies: natively, and in Pyodide under Node.js and in every browser.

Functions without fixtures, since they also run where there is no pytest. Each is compared with NumPy in float64.
"""

import itertools

import numpy as np

from imagenomer.statistics import kernels, products

#: Around the edges of tiles of 2 or 6 rows by 4, 8 or 16 columns, and of nothing.
SMALL = (0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17)
#: Around what is packed at a time: 84 or 168 rows, and a depth of 384.
LARGE = ((85, 17, 383), (169, 9, 384), (337, 7, 385), (3, 33, 769), (1, 1, 2000), (200, 200, 1), (13, 700, 40))
TYPES = (np.float32, np.float64)


def drawn(shape, dtype, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype(dtype)


def expected(left, right):
    return left.astype(np.float64) @ right.astype(np.float64)


def error_of(product, left, right):
    """Return the largest error in units of the rounding of the sum of magnitudes."""
    about = np.abs(left.astype(np.float64)) @ np.abs(right.astype(np.float64))
    limit = (left.shape[1] + 1) * np.finfo(left.dtype).eps * about
    return float((np.abs(product - expected(left, right)) / np.maximum(limit, 1e-300)).max(initial=0))


def layouts(matrix):
    """Yield the same numbers as they can lie in memory."""
    n, m = matrix.shape
    yield "C", matrix.copy()
    yield "Fortran", matrix.copy(order="F")
    wide = np.full((2 * n + 1, 3 * m + 2), np.nan, dtype=matrix.dtype)
    wide[1::2, 2::3] = matrix
    yield "every other row, every third column", wide.copy()[1::2, 2::3]
    yield "every third row of the transpose", wide[1::2].T.copy()[2::3].T
    yield "backwards", matrix[::-1, ::-1].copy()[::-1, ::-1]
    for offset in (1, matrix.itemsize, 12):
        room = np.zeros(matrix.nbytes + 16, dtype=np.uint8)
        shifted = np.frombuffer(room.data, dtype=matrix.dtype, count=matrix.size, offset=offset).reshape(n, m)
        shifted[:] = matrix
        yield f"{offset} bytes off", shifted


def check_every_size_around_the_edges():
    for dtype in TYPES:
        for m, n, k in (*itertools.product(SMALL, repeat=3), *LARGE):
            left, right = drawn((m, k), dtype), drawn((k, n), dtype, 1)
            product = products.multiply(left, right)
            assert product.shape == (m, n), (dtype, m, n, k)
            assert product.dtype == dtype, (dtype, m, n, k)
            assert product.flags.c_contiguous, (dtype, m, n, k)
            assert error_of(product, left, right) <= 1, (dtype, m, n, k)


def check_every_order_of_memory():
    for dtype in TYPES:
        for m, n, k in ((5, 7, 9), (17, 33, 20), (170, 5, 390)):
            left, right = drawn((m, k), dtype), drawn((k, n), dtype, 1)
            for (one, first), (other, second) in itertools.product(layouts(left), layouts(right)):
                product = products.multiply(first, second)
                assert error_of(product, left, right) <= 1, (dtype, m, n, k, one, other)
                np.testing.assert_array_equal(first, left)
                np.testing.assert_array_equal(second, right)


def check_numbers_that_repeat_in_memory():
    for dtype in TYPES:
        left = np.broadcast_to(drawn((1, 11), dtype), (7, 11))
        right = np.broadcast_to(drawn((11, 1), dtype), (11, 9))
        assert error_of(products.multiply(left, right), left, right) <= 1


def check_what_is_added_to():
    for dtype, of_total in ((np.float32, np.float32), (np.float32, np.float64), (np.float64, np.float64)):
        for m, n, k in ((1, 1, 1), (2, 8, 5), (7, 17, 400), (170, 9, 385), (3, 5, 0), (0, 3, 2), (6, 16, 8)):
            left, right, there = drawn((m, k), dtype), drawn((k, n), dtype, 1), drawn((m, n), of_total, 2)
            for name, total in layouts(there):
                if not total.flags.aligned:
                    continue
                products.add_product(total, left, right)
                limit = 2 * (k + 2) * np.finfo(dtype).eps * (np.abs(left) @ np.abs(right) + np.abs(there))
                wrong = np.abs(total - there - expected(left, right))
                assert (wrong <= limit).all(), (dtype, of_total, m, n, k, name)


def check_nothing_else_is_written():
    for dtype, of_total in ((np.float32, np.float32), (np.float32, np.float64), (np.float64, np.float64)):
        for m, n in itertools.product((1, 2, 5, 6, 7, 13), (1, 3, 4, 5, 8, 9, 16, 17)):
            room = np.full((m + 4, n + 8), 7, dtype=of_total)
            total = room[2 : m + 2, 3 : n + 3]
            total[:] = 0
            products.add_product(total, np.ones((m, 3), dtype=dtype), np.ones((3, n), dtype=dtype))
            assert (total == 3).all(), (dtype, of_total, m, n)
            total[:] = 7
            assert (room == 7).all(), (dtype, of_total, m, n)


def check_products_of_rows():
    for dtype, of_total in ((np.float32, np.float32), (np.float32, np.float64), (np.float64, np.float64)):
        for n, k in ((1, 1), (2, 3), (5, 7), (6, 6), (17, 9), (85, 400), (170, 33), (341, 20), (4, 0), (0, 4)):
            for name, rows in layouts(drawn((n, k), dtype)):
                total = np.zeros((n, n), dtype=of_total)
                products.add_gram(total, rows)
                products.add_gram(total, rows)
                whole = products.mirror(total)
                assert error_of(whole / 2, rows, rows.T) <= 1, (dtype, of_total, n, k, name)
                np.testing.assert_array_equal(whole, whole.T)
    rows = drawn((9, 12), np.float64)
    np.testing.assert_allclose(products.gram(rows), rows @ rows.T, rtol=1e-13)


def check_products_of_rows_in_parts():
    rows, n_parts = drawn((300, 900), np.float32), 0
    total = np.zeros((300, 300))
    before, products._PRODUCTS = products._PRODUCTS, 30_000_000
    try:
        for _ in products.add_gram_in_parts(total, rows):
            n_parts += 1
    finally:
        products._PRODUCTS = before
    assert n_parts == 3
    assert error_of(products.mirror(total), rows, rows.T) <= 1
    assert list(products.add_gram_in_parts(np.zeros((0, 0)), rows[:0])) == []


def check_sums_of_weighted_rows():
    for dtype in TYPES:
        for n, k in itertools.product((1, 2, 17, 300), (0, 1, 5, 40)):
            weights, rows = drawn((k,), dtype), drawn((k, n), dtype, 1)
            for name, values in layouts(rows):
                total = products.combine_rows(values, weights)
                assert error_of(total[None], weights[None], rows) <= 1, (dtype, n, k, name)
                products.add_rows(total, values, -weights)
                assert np.abs(total).max(initial=0) <= 4 * (k + 1) * np.finfo(dtype).eps * np.abs(rows).sum(), name


def check_what_is_not_finite():
    for dtype in TYPES:
        for m, n, k in ((7, 9, 5), (13, 33, 400)):
            for value in (np.nan, np.inf, -np.inf):
                left, right = np.abs(drawn((m, k), dtype)) + 1, np.abs(drawn((k, n), dtype, 1)) + 1
                left[3, k - 1] = value
                product = products.multiply(left, right)
                touched = np.full(n, value)
                np.testing.assert_array_equal(product[3], touched)
                assert np.isfinite(np.delete(product, 3, axis=0)).all(), (dtype, m, n, k, value)
                left[3, k - 1], right[k - 1, n - 1] = 1, value
                product = products.multiply(left, right)
                np.testing.assert_array_equal(product[:, n - 1], np.full(m, value))
                assert np.isfinite(product[:, : n - 1]).all(), (dtype, m, n, k, value)
                left[:, k - 1] = 0  # 0 times infinity
                assert np.isnan(products.multiply(left, right)[:, n - 1]).all(), (dtype, m, n, k, value)


def check_what_is_denormal():
    for dtype in TYPES:
        tiny = np.finfo(dtype).smallest_subnormal
        left, right = np.full((7, 3), 5, dtype=dtype), np.full((3, 9), tiny, dtype=dtype)
        np.testing.assert_array_equal(products.multiply(left, right), np.full((7, 9), 15 * tiny, dtype=dtype))


def check_whole_numbers_are_exact():
    for dtype in TYPES:
        rng = np.random.default_rng(1)
        left, right = (rng.integers(-9, 9, shape).astype(dtype) for shape in ((37, 900), (900, 41)))
        np.testing.assert_array_equal(products.multiply(left, right), expected(left, right))


def check_ties_stay_ties():
    """The same column times the same row is the same number, wherever they stand: permuted statistics can be equal."""
    for dtype in TYPES:
        left, right = drawn((13, 830), dtype), drawn((830, 35), dtype, 1)
        rows, columns = np.random.default_rng(2).permutation(13), np.random.default_rng(3).permutation(35)
        product = products.multiply(left, right)
        np.testing.assert_array_equal(products.multiply(left[rows], right[:, columns]), product[rows][:, columns])
        np.testing.assert_array_equal(products.multiply(left[:1], right[:, :1]), product[:1, :1])


def check_the_largest_of_each_row_is_that_of_the_product():
    for dtype in TYPES:
        for m, n, k in (
            *itertools.product((0, 1, 3, 7), (0, 1, 2, 5, 8, 17), (0, 1, 9)),
            (300, 700, 385),
            (5, 40_000, 3),
        ):
            for (_, left), (name, right) in zip(
                layouts(drawn((m, k), dtype)), layouts(drawn((k, n), dtype, 1)), strict=True
            ):
                expected = np.abs(products.multiply(left, right)).max(axis=1, initial=0)
                np.testing.assert_array_equal(products.multiply_max(left, right), expected, err_msg=f"{m, n, k, name}")
        left, right = drawn((9, 7), dtype), drawn((7, 21), dtype, 1)
        left[2, 3], left[4, 0] = np.nan, np.inf
        largest = products.multiply_max(left, right)
        np.testing.assert_array_equal(largest, np.abs(products.multiply(left, right)).max(axis=1))
        assert np.isnan(largest[2]), dtype
        assert np.isposinf(largest[4]), dtype


def check_what_is_above_a_limit_is_what_the_product_has_there():
    for m, n, k in (
        *itertools.product((0, 1, 3, 7), (0, 1, 3, 4, 5, 8, 17), (0, 1, 9)),
        (300, 700, 385),
        (5, 40_000, 3),
    ):
        left, right = drawn((m, k), np.float32), drawn((k, n), np.float32, 1)
        product = products.multiply(left, right)
        limit = np.abs(drawn((m,), np.float32)) * np.float32(np.sqrt(k))
        if m > 2 and product.size:
            limit[1], limit[2] = np.abs(product[1]).max(), np.inf  # the limit itself is above, and nothing is
        for of_largest in (0.0, 0.75):
            found = products.multiply_above(left, right, limit, of_largest)
            largest = np.abs(product).max(axis=1, initial=0)
            least = np.maximum(limit, np.float32(of_largest) * largest) if product.size else limit
            row, column = np.nonzero(np.abs(product) >= least[:, None])
            if not k:
                row, column = row[:0], column[:0]
            np.testing.assert_array_equal(found.largest, largest)
            np.testing.assert_array_equal(found.row, row)
            np.testing.assert_array_equal(found.column, column)
            np.testing.assert_array_equal(found.value, product[row, column])
    left, right = drawn((3, 5), np.float32), drawn((5, 9), np.float32, 1)
    right[2, 4] = np.nan
    found = products.multiply_above(left, right, np.zeros(3, dtype=np.float32))
    np.testing.assert_array_equal(found.column, np.tile(np.delete(np.arange(9), 4), 3))
    assert np.isnan(found.largest).all()


def check_products_of_pairs_of_rows():
    for k in (0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 830):
        left, right = drawn((11, k), np.float32), drawn((7, k), np.float32, 1)
        for n in (0, 1, 2, 5000):
            rng = np.random.default_rng(n)
            rows, others = rng.integers(0, 11, n), rng.integers(0, 7, n)
            product = products.multiply_pairs(left, right, rows, others)
            limit = (k + 1) * np.finfo(np.float32).eps * (np.abs(left) @ np.abs(right).T)
            wrong = np.abs(product - expected(left, right.T)[rows, others])
            assert (wrong <= limit[rows, others]).all(), (n, k)


def ranks_by_counting(column):
    """Return the rank of each number: half of those that are equal, and all that are smaller."""
    below = (column[None] < column[:, None]).sum(axis=1)
    equal = (column[None] == column[:, None]).sum(axis=1)
    return np.where(np.isfinite(column), below - np.isneginf(column).sum() + (equal + 1) / 2, np.nan)


def check_ranks():
    for dtype in TYPES:
        tiny, big = np.finfo(dtype).smallest_subnormal, np.finfo(dtype).max
        odd = np.array(
            [0.0, -0.0, tiny, -tiny, big, -big, np.nan, np.inf, -np.inf, 1, 1, np.nextafter(dtype(1), dtype(2))]
        )
        for n, m in itertools.product((1, 2, 3, 17, 300), (1, 2, 15, 16, 17, 40)):
            values = drawn((n, m), dtype)
            values[:, ::3] = np.round(values[:, ::3] * 2)  # ties
            values[:, 1::5] = np.random.default_rng(n).choice(odd.astype(dtype), (n, len(range(1, m, 5))))
            values[:, 2::7] = 4
            values[:, 3::7] = np.nan
            values[:, 4::7] = 1 + np.finfo(dtype).eps * np.arange(n)[::-1, None]  # they differ in the last bytes
            for name, given in layouts(values):
                ranks = kernels.rank_columns(given)
                assert ranks.dtype == dtype, (dtype, n, m, name)
                for column in range(m):
                    expected = ranks_by_counting(values[:, column].astype(np.float64))
                    np.testing.assert_array_equal(ranks[:, column], expected, err_msg=f"{dtype, n, m, column, name}")
        assert kernels.rank_columns(np.zeros((0, 3), dtype=dtype)).shape == (0, 3)


def support_by_search(level, ends, power, weight):
    """Return the support of each edge of a graph, level by level, by following its neighbours."""
    total = np.zeros(level.size)
    for height in range(1, weight.size):
        left = set(np.flatnonzero(level >= height).tolist())
        while left:
            component, beside = set(), {left.pop()}
            while beside:
                edge = beside.pop()
                component.add(edge)
                parcels = {int(end[edge]) for end in ends}
                beside |= {other for other in left if parcels & {int(end[other]) for end in ends}}
                left -= beside
            total[sorted(component)] += power[len(component)] * weight[height]
    return total


def check_support_at_every_level():
    for n_parcels, n_levels in itertools.product((2, 3, 7, 12), (0, 1, 2, 9)):
        ends = np.triu_indices(n_parcels, k=1)
        rng = np.random.default_rng([n_parcels, n_levels])
        most = np.array([0, 0.3, 1])[:, None] * n_levels
        level = np.floor(rng.uniform(0, 1 + most, (3, ends[0].size))).clip(0, n_levels).astype(np.int16)
        power, weight = np.arange(ends[0].size + 1) ** 0.4, rng.uniform(0, 2, n_levels + 1)
        found = kernels.support(level, ends, power, weight)
        assert found.shape == level.shape
        for graph, own in zip(level, found, strict=True):
            np.testing.assert_allclose(own, support_by_search(graph, ends, power, weight), rtol=1e-12, atol=0)


def check_symmetric_matrices_become_tridiagonal():
    for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 31, 32, 33, 34, 63, 64, 65, 66, 67, 130):
        square = drawn((n, n), np.float64)
        square = square + square.T
        if n > 8:
            square[3, 5:] = square[5:, 3] = 0  # nothing to reflect
        matrix = np.where(np.tri(n, k=-1) > 0, np.nan, square)  # what is left of the diagonal is not read
        diagonal, beside, tau = np.empty(n), np.empty(n - 1), np.empty(n - 1)
        parts = list(kernels.tridiagonalise(matrix, diagonal, beside, tau))
        assert parts, n
        q = np.eye(n)
        for j in range(n - 1):
            v = np.concatenate([np.zeros(j + 1), [1], matrix[j, j + 2 :]])
            q -= tau[j] * np.outer(q @ v, v)
        np.testing.assert_allclose(q.T @ q, np.eye(n), atol=1e-13)
        expected = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
        np.testing.assert_allclose(q.T @ square @ q, expected, atol=1e-13 * n, err_msg=f"{n}")


def check_noise_is_added_as_numpy_adds_it():
    for n in (0, 1, 2, 3, 4, 5, 7, 8, 1003):
        rng = np.random.default_rng(n)
        room = rng.integers(-128, 128, (2, n + 2)).astype(np.int8)
        first, second = room[0, 1:-1], room[1, 1:-1]
        values, order = drawn((n,), np.float32), rng.permutation(n)
        whole = np.full(n + 2, 7, dtype=np.float32)
        kernels.add_noise(values, order, ((first, 0.0011), (second, 0.017)), 0.9, whole[1:-1])
        expected = values[order] + first * np.float32(0.0011)
        expected += second * np.float32(0.017)
        np.testing.assert_array_equal(whole[1:-1], np.clip(expected, np.float32(-0.9), np.float32(0.9)))
        assert whole[0] == whole[-1] == 7


def check_the_logistic_function():
    for n in (0, 1, 2, 3, 8, 9):
        values = np.linspace(-3, 4, n)
        room = np.concatenate([[7.0], values, [7.0]])
        assert kernels.logistic(room[1:-1]) is not None
        np.testing.assert_allclose(room[1:-1], 1 / (1 + np.exp(-values)), rtol=1e-15)
        assert room[0] == room[-1] == 7
    near = np.concatenate([drawn((5001,), np.float64) * scale for scale in (1e-9, 1, 5, 100)])
    expected = 1 / (1 + np.exp(-near))
    np.testing.assert_allclose(kernels.logistic(near.copy()), expected, rtol=1e-15)
    with np.errstate(over="ignore"):
        far = np.array([np.nan, np.inf, -np.inf, 800, -800, -744.4, -708.3, -709.7, 709.7, 0, -0.0, 40, -40, 5e-324])
        expected = 1 / (1 + np.exp(-far))
    np.testing.assert_allclose(kernels.logistic(far.copy()), expected, rtol=1e-15)


def check_memory_that_grows():
    left, right = drawn((30, 500), np.float32), drawn((500, 40), np.float32, 1)
    before = products.multiply(left, right)
    kept = [np.ones(25_000_000) for _ in range(3)]  # 600 MB
    far = np.ascontiguousarray(left), np.ascontiguousarray(right)
    np.testing.assert_array_equal(products.multiply(left, right), before)
    np.testing.assert_array_equal(products.multiply(*(each.copy() for each in far)), before)
    matrix = kept[-1][:1_000_000].reshape(1000, 1000)
    np.testing.assert_array_equal(products.multiply(matrix[:9], matrix), np.full((9, 1000), 1000.0))


CHECKS = {name.removeprefix("check_"): check for name, check in list(globals().items()) if name.startswith("check_")}
#: Of BLAS that has other instructions for the edges of a matrix this does not hold.
OF_THE_KERNELS = "ties_stay_ties"
