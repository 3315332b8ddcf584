"""The kernels that are functions of many numbers, as text of WebAssembly: see kernels.py."""

from __future__ import annotations

import math
from itertools import pairwise

from wat import Int, function, loop, move, var, when

#: Beyond these the exponential is 0 or infinite.
LOWEST, HIGHEST = -760, 720
#: The logarithm of 2 as a sum whose first part has few digits, so that its multiples are exact.
LN2_HIGH, LN2_LOW = float.fromhex("0x1.62e42fee00000p-1"), float.fromhex("0x1.a39ef35793c76p-33")
#: What a number is added to so that its last bits are a whole number.
WHOLE = 1.5 * 2**52
_SCALES = ("of_first", "of_second", "limit")
#: Powers of the series: what is left of the logarithm is at most ln(2) / 2, and its 14th term less than rounding.
POWERS = 13


def exponential() -> str:
    """Return e^x of two numbers: 2^n e^r with n the nearest whole number, and e^r by its series.

    Terms are added by twos, these by twos and so on: a sum that goes through them one by one would wait for each.
    """
    terms = [_all(1 / math.factorial(power)) for power in range(POWERS + 1)]
    powers = ("r", "r2", "r4", "r8")
    for power in powers:
        pairs = [terms[at : at + 2] for at in range(0, len(terms), 2)]
        terms = [f"(f64x2.add {p[0]} (f64x2.mul {p[1]} {_of(power)}))" if len(p) == 2 else p[0] for p in pairs]
    (series,) = terms
    return "\n".join(
        [
            "(func $exponential (param $x v128) (result v128) (local $n v128) (local $r v128) (local $k v128)",
            "(local $half v128) (local $r2 v128) (local $r4 v128) (local $r8 v128)",
            f"(local.set $x (f64x2.pmax (f64x2.pmin {_of('x')} {_all(HIGHEST)}) {_all(LOWEST)}))",
            # The last bits of so large a number are a whole number, the nearest.
            f"(local.set $k (f64x2.add (f64x2.mul {_of('x')} {_all(1 / math.log(2))}) {_all(WHOLE)}))",
            f"(local.set $n (f64x2.sub {_of('k')} {_all(WHOLE)}))",
            f"(local.set $r (f64x2.sub {_of('x')} (f64x2.mul {_of('n')} {_all(LN2_HIGH)})))",
            f"(local.set $r (f64x2.sub {_of('r')} (f64x2.mul {_of('n')} {_all(LN2_LOW)})))",
            *(f"(local.set ${to} (f64x2.mul {_of(power)} {_of(power)}))" for power, to in pairwise(powers)),
            f"(local.set $r {series})",
            # 2^n as a product of two powers, since n may be beyond the exponents that there are.
            f"(local.set $k (i64x2.sub {_of('k')} (i64x2.sub {_all(WHOLE)} {_whole(2048)})))",
            f"(local.set $half (i64x2.shr_u {_of('k')} (i32.const 1)))",
            f"(f64x2.mul (f64x2.mul {_of('r')} {_power_of_two(_of('half'))})",
            _power_of_two(f"(i64x2.sub {_of('k')} {_of('half')})") + "))",
        ]
    )


def logistic() -> str:
    """Replace ``n`` numbers x by 1 / (1 + e^-x)."""
    one = _all(1)

    def value(load: str) -> str:
        minus = f"(f64x2.neg ({load} {var('values')}))"
        return f"(f64x2.div {one} (f64x2.add {one} (call $exponential {minus})))"

    return function(
        "logistic_f64",
        "values n",
        {"i32": "i"},
        [
            loop("i", var("n") & -2, 2, f"(v128.store {var('values')} {value('v128.load')})", move("values", 16)),
            when(var("n") & 1, f"(v128.store64_lane 0 {var('values')} {value('v128.load64_zero')})"),
        ],
    )


def add_noise() -> str:
    """Put float32 values in another order, and add two kinds of bytes, each times a scale, within a limit.

    ``scales`` are those of both and the limit.
    """
    scale = [
        f"(local.set ${name} (v128.load32_splat offset={4 * i} {var('scales')}))" for i, name in enumerate(_SCALES)
    ]

    def four(load: str) -> str:
        """Return the first four numbers of eight."""
        return f"(f32x4.convert_i32x4_s (i32x4.extend_low_i16x8_s (i16x8.extend_low_i8x16_s ({load}))))"

    def chosen(lane: int) -> str:
        return var("values") + Int(f"(i32.load offset={4 * lane} {var('order')})") * 4

    def noisy(values: str, load: str) -> str:
        for name in ("first", "second"):
            values = f"(f32x4.add {values} (f32x4.mul {four(load.format(var(name)))} {_of(f'of_{name}')}))"
        return f"(f32x4.min (f32x4.max {values} (f32x4.neg {_of('limit')})) {_of('limit')})"

    gathered = f"(v128.load32_zero {chosen(0)})"
    for lane in range(1, 4):
        gathered = f"(v128.load32_lane {lane} {chosen(lane)} {gathered})"
    whole = noisy(gathered, "v128.load32_zero {}")
    one = noisy(f"(v128.load32_zero {chosen(0)})", "i8x16.splat (i32.load8_s {})")
    return function(
        "add_noise",
        "values order first second scales out n",
        {"i32": "i", "v128": " ".join(_SCALES)},
        [
            *scale,
            loop(
                "i",
                var("n") & -4,
                4,
                f"(v128.store {var('out')} {whole})",
                *(move(name, 4) for name in ("first", "second")),
                *(move(name, 16) for name in ("order", "out")),
            ),
            loop(
                "i",
                var("n") & 3,
                1,
                f"(v128.store32_lane 0 {var('out')} {one})",
                *(move(name, 1) for name in ("first", "second")),
                *(move(name, 4) for name in ("order", "out")),
            ),
        ],
    )


def _of(name: str) -> str:
    return f"(local.get ${name})"


def _all(number: float) -> str:
    return f"(v128.const f64x2 {float(number)!r} {float(number)!r})"


def _whole(number: int) -> str:
    return f"(v128.const i64x2 {number} {number})"


def _power_of_two(exponent: str) -> str:
    """Return 2 to the power of whole numbers from which 1,024 is to be taken."""
    return f"(i64x2.shl (i64x2.sub {exponent} {_whole(1)}) (i32.const 52))"
