"""The kernel that makes symmetric matrices tridiagonal, as text of WebAssembly: see kernels.py."""

from __future__ import annotations

from kernel_products import Numbers
from wat import Int, function, loop, move, put, var, when

#: Rows of a symmetric matrix multiplied together, so that a vector is read and written once for all of them.
_ROWS = 4


def reflect(t: Numbers) -> str:
    """Make some rows of a symmetric matrix tridiagonal, by reflectors, as LAPACK's ``dlatrd`` does.

    See Dongarra, Hammarling and Sorensen (1989), J. Comput. Appl. Math. 27:215. Of the matrix only what is right of the
    diagonal is read; rows before ``first`` are done. Rows ``first`` to ``stop`` get their reflectors, with 1 right of
    the diagonal, and ``diagonal``, ``beside`` and ``tau`` their numbers. Rows of ``update`` get vectors: their products
    with the reflectors, either way round, are still to be added to the rows from ``stop`` on.
    """
    at = var("j") * 8
    rest = var("n") - var("j")
    body = [
        put("j", var("first")),
        _until(
            "j",
            "stop",
            put("here", var("matrix") + var("j") * (var("row") + 8)),
            put("right", var("here") + 8),
            put("q", var("first")),
            # What the rows before make of this one.
            _until("q", "j", _add("(f64.load {u})", "{v}", "here"), _add("(f64.load {v})", "{u}", "here")),
            f"(f64.store {var('diagonal') + at} (f64.load {var('here')}))",
            when(
                (var("j") + 1).below(var("n")),
                *_reflector(),
                put("own", var("update") + (var("j") - var("first")) * var("row")),
                f"(memory.fill {var('own')} (i32.const 0) {var('row')})",
                put("own", var("own") + at + 8),
                f"(call $multiply_symmetric {var('here') + var('row') + 8} {var('row')} {rest - 1} {var('right')}"
                f" {var('own')})",
                *_update(),
            ),
        ),
    ]
    names = {"i32": "j q here right own", "f64": "x y alpha beta scale"}
    whole = function("reflect", "matrix row n first stop diagonal beside tau update", names, body)
    return "\n".join([_dot(t), _add_scaled(t), _scale(), _multiply_symmetric(t), whole])


def _add(factor: str, vector: str, to: str, beyond: int = 0) -> str:
    """Add a multiple of a reflector {v}, or of an update {u}, of row q to a vector, from the diagonal or beyond it."""
    at = var("j") * 8 + 8 * beyond
    places = {
        "v": var("matrix") + var("q") * var("row") + at,
        "u": var("update") + (var("q") - var("first")) * var("row") + at,
    }
    n = var("n") - var("j") - beyond
    return f"(call $add_scaled {factor.format(**places)} {vector.format(**places)} {var(to)} {n})"


def _reflector() -> list[str]:
    """Find the reflector of row j (LAPACK's ``dlarfg``)."""
    at, n = var("j") * 8, var("n") - var("j") - 2
    after = var("right") + 8
    length = "(f64.sqrt (f64.add (local.get $x) (f64.mul (local.get $alpha) (local.get $alpha))))"
    return [
        f"(local.set $alpha (f64.load {var('right')}))",
        f"(local.set $x (call $dot {after} {after} {n}))",
        "(local.set $beta (local.get $alpha)) (local.set $scale (f64.const 0))",
        when(
            "(f64.gt (local.get $x) (f64.const 0))",
            f"(local.set $beta (f64.neg (f64.copysign {length} (local.get $alpha))))",
            "(local.set $scale (f64.div (f64.sub (local.get $beta) (local.get $alpha)) (local.get $beta)))",
            f"(call $multiply_all {after} (f64.div (f64.const 1) (f64.sub (local.get $alpha) (local.get $beta))) {n})",
        ),
        f"(f64.store {var('right')} (f64.const 1))",
        f"(f64.store {var('beside') + at} (local.get $beta))",
        f"(f64.store {var('tau') + at} (local.get $scale))",
    ]


def _update() -> list[str]:
    """Make the update of row j of the product of the matrix and the reflector."""
    n = var("n") - var("j") - 1
    dot = "(call $dot {place} (local.get $right) " + n + ")"
    at = var("j") * 8 + 8
    reflector = var("matrix") + var("q") * var("row") + at
    update = var("update") + (var("q") - var("first")) * var("row") + at
    return [
        put("q", var("first")),
        _until(
            "q",
            "j",
            f"(local.set $x {dot.format(place=update)})",
            f"(local.set $y {dot.format(place=reflector)})",
            _add("(local.get $x)", "{v}", "own", 1),
            _add("(local.get $y)", "{u}", "own", 1),
        ),
        f"(call $multiply_all {var('own')} (f64.neg (local.get $scale)) {n})",
        f"(local.set $x (f64.mul (f64.mul (f64.const -0.5) (local.get $scale)) {dot.format(place=var('own'))}))",
        f"(call $add_scaled (local.get $x) {var('right')} {var('own')} {n})",
    ]


def _dot(t: Numbers) -> str:
    """Sum the products of two vectors."""
    two = t.sum("(local.get $two)", f"(v128.load {var('a')})", f"(v128.load {var('b')})")
    four = t.sum("(local.get $four)", f"(v128.load offset=16 {var('a')})", f"(v128.load offset=16 {var('b')})")
    one = f"(f64.add (local.get $one) (f64.mul (f64.load {var('a')}) (f64.load {var('b')})))"
    both = "(local.set $two (f64x2.add (local.get $two) (local.get $four)))"
    lanes = [f"(f64x2.extract_lane {lane} (local.get $two))" for lane in range(2)]
    return "\n".join(
        [
            "(func $dot (param $a i32) (param $b i32) (param $n i32) (result f64)",
            "(local $i i32) (local $two v128) (local $four v128) (local $one f64)",
            loop(
                "i",
                var("n") & -4,
                4,
                f"(local.set $two {two}) (local.set $four {four})",
                *(move(name, 32) for name in "ab"),
            ),
            loop("i", var("n") & 3, 1, f"(local.set $one {one})", *(move(name, 8) for name in "ab")),
            both,
            f"(f64.add (local.get $one) (f64.add {' '.join(lanes)})))",
        ]
    )


def _add_scaled(t: Numbers) -> str:
    """Add a multiple of a vector to another."""
    two = t.sum(f"(v128.load {var('to')})", f"(v128.load {var('a')})", "(local.get $many)")
    one = f"(f64.add (f64.load {var('to')}) (f64.mul (local.get $x) (f64.load {var('a')})))"
    return "\n".join(
        [
            "(func $add_scaled (param $x f64) (param $a i32) (param $to i32) (param $n i32)",
            "(local $i i32) (local $many v128) (local.set $many (f64x2.splat (local.get $x)))",
            loop("i", var("n") & -2, 2, f"(v128.store {var('to')} {two})", *(move(name, 16) for name in ("a", "to"))),
            when(var("n") & 1, f"(f64.store {var('to')} {one})") + ")",
        ]
    )


def _scale() -> str:
    """Multiply a vector."""
    one = f"(f64.mul (f64.load {var('a')}) (local.get $x))"
    return (
        "(func $multiply_all (param $a i32) (param $x f64) (param $n i32) (local $i i32)\n"
        + loop("i", var("n"), 1, f"(f64.store {var('a')} {one})", move("a", 8))
        + ")"
    )


def _multiply_symmetric(t: Numbers) -> str:
    """Add a symmetric matrix, of which what is right of the diagonal is read, times ``x`` to ``y``."""
    whole = [
        put("place", "(local.get $a)"),
        *(_near(row) for row in range(_ROWS)),
        put("x0", var("x") + 8 * _ROWS),
        put("y0", var("y") + 8 * _ROWS),
        *(put(f"a{r}", var("a") + var("row") * r + 8 * _ROWS) for r in range(_ROWS)),
        *(f"(local.set $s{r} (v128.const i32x4 0 0 0 0))" for r in range(_ROWS)),
        *(f"(local.set $b{r} (v128.load64_splat offset={8 * r} {var('x')}))" for r in range(_ROWS)),
        loop("j", (var("n") - var("i") - _ROWS) & -2, 2, *_far(t)),
        when((var("n") - var("i")) & 1, *_last()),
        *(_take(r) for r in range(_ROWS)),
        *(move(name, 8 * _ROWS) for name in "xy"),
        put("a", var("a") + (var("row") + 8) * _ROWS),
    ]
    locals_ = {
        "i32": "i j place x0 y0 a0 a1 a2 a3",
        "v128": "s0 s1 s2 s3 b0 b1 b2 b3 v w z",
    }
    variables = " ".join(f"(local ${name} {kind})" for kind, names in locals_.items() for name in names.split())
    return "\n".join(
        [
            "(func $multiply_symmetric (param $a i32) (param $row i32) (param $n i32) (param $x i32) (param $y i32)",
            variables,
            loop("i", var("n") & -_ROWS, _ROWS, *whole),
            loop(
                "j",
                var("n") & (_ROWS - 1),
                1,
                put("place", "(local.get $a)"),
                _one((var("n") & (_ROWS - 1)) - var("j") - 1, 0),
                *(move(name, 8) for name in "xy"),
                put("a", var("a") + var("row") + 8),
            ),
            ")",
        ]
    )


def _near(row: int) -> str:
    """Multiply a row of those on the diagonal by what of it is among them."""
    return _one(Int(f"(i32.const {_ROWS - 1 - row})"), row) + put("place", var("place") + var("row") + 8)


def _one(n: Int, row: int) -> str:
    """Multiply a number on the diagonal, at ``place``, and ``n`` right of it, which count as below it as well."""
    number, beyond = f"(f64.load offset={8 * row} {var('x')})", 8 * row + 8
    product = f"(f64.mul (f64.load {var('place')}) {number})"
    dot = f"(call $dot {var('place') + 8} {var('x') + beyond} {n})"
    total = f"(f64.add (f64.load offset={8 * row} {var('y')}) (f64.add {product} {dot}))"
    return (
        f"(f64.store offset={8 * row} {var('y')} {total})"
        f"(call $add_scaled {number} {var('place') + 8} {var('y') + beyond} {n})"
    )


def _far(t: Numbers) -> list[str]:
    """Multiply two columns of some rows, and as many rows below the diagonal."""
    steps = [f"(local.set $v (v128.load {var('x0')})) (local.set $z (v128.load {var('y0')}))"]
    for r in range(_ROWS):
        steps += [
            f"(local.set $w (v128.load {var(f'a{r}')}))",
            f"(local.set $s{r} {t.sum(f'(local.get $s{r})', '(local.get $w)', '(local.get $v)')})",
            f"(local.set $z {t.sum('(local.get $z)', '(local.get $w)', f'(local.get $b{r})')})",
            move(f"a{r}", 16),
        ]
    return [*steps, f"(v128.store {var('y0')} (local.get $z))", move("x0", 16), move("y0", 16)]


def _last() -> list[str]:
    """Multiply the last column of some rows where their number is odd."""
    steps = []
    for r in range(_ROWS):
        number = f"(f64.load {var(f'a{r}')})"
        here = f"(f64.mul {number} (f64.load {var('x0')}))"
        below = f"(f64.mul {number} (f64.load offset={8 * r} {var('x')}))"
        steps += [
            f"(f64.store offset={8 * r} {var('y')} (f64.add (f64.load offset={8 * r} {var('y')}) {here}))",
            f"(f64.store {var('y0')} (f64.add (f64.load {var('y0')}) {below}))",
        ]
    return steps


def _take(row: int) -> str:
    lanes = " ".join(f"(f64x2.extract_lane {lane} (local.get $s{row}))" for lane in range(2))
    place = f"offset={8 * row} {var('y')}"
    return f"(f64.store {place} (f64.add (f64.load {place}) (f64.add {lanes})))"


def _until(name: str, stop: str, *body: str) -> str:
    """Repeat while ``name``, which goes up by 1, is below ``stop``."""
    return (
        f"(block ${name}.end (loop ${name}.again (br_if ${name}.end (i32.eqz {var(name).below(var(stop))}))\n"
        f"{' '.join(body)} {move(name, 1)} (br ${name}.again)))"
    )
