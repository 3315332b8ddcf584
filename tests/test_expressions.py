"""Expressions: Python's own parser decides what a text means, NumPy what it comes to."""

from __future__ import annotations

import ast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from imagenomer.errors import InputError
from imagenomer.expressions import FUNCTIONS, evaluate, format_name, names_in, parse
from imagenomer.parsing import MAX_DEPTH, MAX_LENGTH

A = np.array([1.0, -2.0, 0.5, 0.0, np.nan, 3.0])
B = np.array([2.0, 4.0, -0.5, 0.0, 1.0, np.nan])
MAPS = {"A": A, "B": B}


def value(text, maps=MAPS):
    return evaluate(parse(text), maps).value


def undefined(text):
    return dict(evaluate(parse(text), MAPS).undefined)


def position_of(text):
    with pytest.raises(InputError) as refused:
        evaluate(parse(text), MAPS)
    return refused.value.position


# --- the oracle: ast.parse and NumPy, with what is not finite undone after every step --------------

_BINARY = {ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide, ast.Pow: np.power}


def oracle(text):
    with np.errstate(all="ignore"):
        return walk(ast.parse(text, mode="eval").body)


def walk(node):
    match node:
        case ast.Constant(number):
            return np.float64(number)
        case ast.Name(name):
            return MAPS[name]
        case ast.UnaryOp(operator, operand):
            return -walk(operand) if isinstance(operator, ast.USub) else walk(operand)
        case ast.BinOp(left, operator, right):
            result = _BINARY[type(operator)](walk(left), walk(right))
        case ast.Call(ast.Name(name), arguments):
            result = call(name, [walk(argument) for argument in arguments])
    # NumPy says 1.0 for nan ** 0 and 1 ** nan; here what is undefined stays so.
    if isinstance(node, ast.BinOp):
        result = np.where(np.isnan(walk(node.left)) | np.isnan(walk(node.right)), np.nan, result)
    return np.where(np.isfinite(result), result, np.nan)


def call(name, arguments):
    if name in ("abs", "sqrt", "exp", "log"):
        return getattr(np, name)(*arguments)
    if name == "clip":
        return np.clip(*arguments)
    if name == "threshold":
        return np.where(np.abs(arguments[0]) < arguments[1], 0, arguments[0])
    if name == "zscore":
        return stats.zscore(arguments[0], ddof=1, nan_policy="omit")
    if name == "min":
        return np.minimum(*arguments)
    if name == "max":
        return np.maximum(*arguments)
    return {"mean": np.mean}[name](np.broadcast_arrays(*arguments), axis=0)


numbers = st.sampled_from(["0", "1", "2", "0.5", "3e-1", ".25", "1e200"])
leaves = st.one_of(st.sampled_from(["A", "B"]), numbers)


def combined(inner):
    return st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "**"]), inner).map(" ".join),
        inner.map("({})".format),
        inner.map("-{}".format),
        inner.map("+{}".format),
        st.tuples(st.sampled_from(["abs", "sqrt", "exp", "log"]), inner).map("{0[0]}({0[1]})".format),
        st.tuples(st.sampled_from(["min", "max", "mean"]), inner, inner).map("{0[0]}({0[1]}, {0[2]})".format),
        inner.map("clip({}, -1, 2)".format),
        inner.map("threshold({}, 0.7)".format),
    )


@given(st.recursive(leaves, combined, max_leaves=8))
def test_an_expression_means_what_python_and_numpy_make_of_it(text):
    ours, theirs = np.broadcast_arrays(value(text), oracle(text))
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-300)


@given(st.recursive(leaves, combined, max_leaves=8))
def test_nothing_is_infinite_and_what_is_lost_is_counted(text):
    outcome = evaluate(parse(text), MAPS)
    assert not np.isinf(outcome.value).any()
    assert all(n > 0 for _, n in outcome.undefined)
    lost = np.isnan(outcome.value) & ~(np.isnan(A) | np.isnan(B))
    assert not lost.any() or outcome.undefined


# --- functions that look at the whole map ----------------------------------------------------------


def test_of_one_map_min_max_mean_and_std_are_numbers_over_its_defined_edges():
    assert value("min(A)") == -2.0
    assert value("max(A)") == 3.0
    assert value("mean(A)") == pytest.approx(np.nanmean(A))
    assert value("std(A)") == pytest.approx(np.nanstd(A, ddof=1))
    assert value("A - mean(A)")[0] == pytest.approx(1 - np.nanmean(A))


def test_of_several_values_std_is_edge_by_edge():
    np.testing.assert_allclose(value("std(A, B, 1)"), np.std([A, B, np.ones(6)], axis=0, ddof=1))


def test_zscore_is_that_of_scipy():
    np.testing.assert_allclose(value("zscore(A)"), stats.zscore(A, ddof=1, nan_policy="omit"))


def test_corr_is_pearson_over_the_edges_that_both_have():
    assert value("corr(A, B)") == pytest.approx(stats.pearsonr(A[:4], B[:4])[0])
    assert value("corr(A, -2 * A)") == pytest.approx(-1)


def test_a_correlation_with_a_constant_is_undefined_and_said():
    assert np.isnan(value("corr(A, 0 * A)"))
    assert undefined("corr(A, 0 * A)") == {"a correlation with values that do not vary": 1}


# --- what is lost is counted -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason", "n"),
    [
        ("A / B", "a division by zero", 1),
        ("log(A)", "the logarithm of a number that is not above zero", 2),
        ("sqrt(A)", "the square root of a negative number", 1),
        ("A ** 0.5", "a power that is no real number", 1),
        ("A ** -1", "a power that is no real number", 1),
        ("exp(2000 * abs(A))", "a number too large to be written", 4),
        ("1 / 0", "a division by zero", 1),
        ("zscore(0 * A)", "a division by zero", 5),
    ],
)
def test_what_an_operation_leaves_undefined_is_counted_where_its_operands_were_defined(text, reason, n):
    assert undefined(text) == {reason: n}


def test_undefined_edges_stay_undefined_whatever_is_done():
    for text in ("A ** 0", "1 ** A", "max(A, 0)", "threshold(A, 5)", "clip(A, 0, 0)", "0 * A"):
        assert np.isnan(value(text)[4]), text


def test_infinite_values_of_a_map_count_as_undefined():
    assert np.isnan(value("1 / A", {"A": np.array([np.inf, -np.inf])})).all()


# --- words ---------------------------------------------------------------------------------------


def test_names_may_be_anything_in_backticks_and_functions_are_no_reserved_words():
    maps = {"mean rest": A, "mean": B, "a`b": A}
    np.testing.assert_array_equal(value("`mean rest` - mean", maps), A - B)
    for name in maps:
        np.testing.assert_array_equal(value(format_name(name), maps), maps[name])
    assert names_in(parse("`a`` b` + A ** mean(A, B) - -C")) == ("a` b", "A", "B", "C")


def test_signs_from_other_keyboards_are_understood():
    np.testing.assert_array_equal(value("A − 2 × B"), A - 2 * B)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 0),
        ("A -", 3),
        ("A B", 2),
        ("(A - B", 6),
        ("A - C", 4),
        ("A ^ 2", 2),
        ("2A", 0),
        ("A + foo(B)", 4),
        ("threshold(A)", 0),
        ("A + corr(A, 2)", 4),
        ("A + std(2)", 4),
        ("clip(A, 2, 1)", 0),
        ("A, B", 1),
        ("`A", 0),
        ("A if B", 2),
        ("A.real", 1),
        ("1e999", 0),
        ("__import__('os')", 11),
    ],
)
def test_a_refusal_says_where(text, position):
    assert position_of(text) == position


def test_an_unknown_map_is_refused_with_those_there_are():
    with pytest.raises(InputError, match="no map 'C'; there are: A, B"):
        value("C")


def test_every_function_is_explained_when_it_is_given_too_much():
    for function in FUNCTIONS:
        if function not in ("min", "max", "mean", "std"):
            with pytest.raises(InputError, match=f"{function} takes"):
                parse(f"{function}(A, A, A, A)")


def test_long_and_deep_expressions_are_computed_or_refused_but_never_break():
    assert value("+".join(["1"] * 5000)) == 5000
    deep = MAX_DEPTH - 1
    np.testing.assert_array_equal(value("(" * deep + "A" + ")" * deep), A)
    for text in ("(" * 60 + "A" + ")" * 60, "-" * 60 + "A", "**".join(["A"] * 60), "A+" * MAX_LENGTH):
        with pytest.raises(InputError):
            parse(text)
