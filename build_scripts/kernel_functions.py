"""The kernels that are functions of many numbers, as text of WebAssembly: see kernels.py."""

from __future__ import annotations

import math

from wat import function, loop, move, var, when

#: Beyond these the exponential is 0 or infinite.
LOWEST, HIGHEST = -760, 720
#: The logarithm of 2 as a sum whose first part has few digits, so that its multiples are exact.
LN2_HIGH, LN2_LOW = float.fromhex("0x1.62e42fee00000p-1"), float.fromhex("0x1.a39ef35793c76p-33")
#: Powers of the series: what is left of the logarithm is at most ln(2) / 2, and its 14th term less than rounding.
POWERS = 13


def exponential() -> str:
    """Return e^x of two numbers: 2^n e^r with n the nearest whole number, and e^r by its series."""
    series = _all(1 / math.factorial(POWERS))
    for power in reversed(range(POWERS)):
        series = f"(f64x2.add (f64x2.mul {series} {_of('r')}) {_all(1 / math.factorial(power))})"
    return "\n".join(
        [
            "(func $exponential (param $x v128) (result v128) (local $n v128) (local $r v128) (local $k v128)",
            f"(local.set $x (f64x2.max (f64x2.min {_of('x')} {_all(HIGHEST)}) {_all(LOWEST)}))",
            f"(local.set $n (f64x2.nearest (f64x2.mul {_of('x')} {_all(1 / math.log(2))})))",
            f"(local.set $r (f64x2.sub {_of('x')} (f64x2.mul {_of('n')} {_all(LN2_HIGH)})))",
            f"(local.set $r (f64x2.sub {_of('r')} (f64x2.mul {_of('n')} {_all(LN2_LOW)})))",
            f"(local.set $r {series})",
            # In two steps, since n may be beyond the exponents that there are.
            f"(local.set $k (i64x2.extend_low_i32x4_s (i32x4.trunc_sat_f64x2_s_zero {_of('n')})))",
            f"(local.set $n (i64x2.shr_s {_of('k')} (i32.const 1)))",
            f"(f64x2.mul (f64x2.mul {_of('r')} {_power_of_two(_of('n'))})",
            _power_of_two(f"(i64x2.sub {_of('k')} {_of('n')})") + "))",
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


def _of(name: str) -> str:
    return f"(local.get ${name})"


def _all(number: float) -> str:
    return f"(v128.const f64x2 {float(number)!r} {float(number)!r})"


def _power_of_two(exponent: str) -> str:
    return f"(i64x2.shl (i64x2.add {exponent} (v128.const i64x2 1023 1023)) (i32.const 52))"
