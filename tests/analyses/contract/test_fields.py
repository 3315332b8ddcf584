"""Fields: whatever a form, a command, a script or an address gives is taken, or refused in words, by one check."""

from __future__ import annotations

import asyncio
import json
import math
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar

import pytest

from forms import mean_of, untouched
from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import (
    Analysis,
    Choice,
    Field,
    Flag,
    GroupChoice,
    GroupsChoice,
    Integer,
    LevelChoice,
    Number,
    Parameter,
    Report,
    TaskChoice,
    WeightsChoice,
    check_against,
    form_of,
    parameters_of,
    read_params,
    uses_second,
    without_unused,
)
from imagenomer.cli import main
from imagenomer.cohort import Decomposition
from imagenomer.downloads import result_stem
from imagenomer.engine import Engine
from imagenomer.errors import InputError
from imagenomer.html_report import Record, html_report
from imagenomer.jsonable import dumps
from imagenomer.progress import Progress, finish
from imagenomer.types import Json, JsonObject

ANALYSES = load_analyses()
NAN, INFINITE, HUGE = math.nan, math.inf, 10**400

#: What JSON can hold and a parameter cannot, by what it is declared as. A new type needs a line here.
#: Sources of maps that are right.
SCAN, MEAN = {"scan": 0, "measure": "fc"}, mean_of("rest")
WRONG: dict[Any, list[Json]] = {
    bool: [None, 0, 1, 1.0, NAN, "true", [], [True], {}],
    int: [None, True, False, 1.5, NAN, INFINITE, -INFINITE, HUGE, -HUGE, 1e300, "3", "", [3], {}],
    float: [None, True, False, NAN, INFINITE, -INFINITE, HUGE, -HUGE, "0.5", "", [0.5], {}],
    str: [0, 1.5, True, NAN, ["a"], [], {"a": "b"}],
    tuple[str, ...]: [None, "a", 1, True, NAN, {"a": "b"}, ["a", 1], [["a"]], [None]],
    tuple[tuple[str, JsonObject], ...]: [
        None,
        "A",
        1,
        True,
        NAN,
        ["A"],
        [["A"]],
        [["A", 1]],
        [["A", {}]],
        [[1, SCAN]],
        [["A", SCAN, SCAN]],
        [["A", SCAN], ["A", SCAN]],
        *([["A", SCAN | wrong]] for wrong in ({"scan": True}, {"scan": 0.5}, {"scan": "0"}, {"measure": 1}, {"x": 1})),
        [["A", {"scan": 0}]],
        *(
            [["A", MEAN | wrong]]
            for wrong in ({"analysis": 1}, {"params": []}, {"params": None}, {"array": ["mean"]}, {"array": 1}, SCAN)
        ),
    ],
}


def wrong_values(parameter: Parameter) -> list[Json]:
    """Values that a parameter refuses, whatever the cohort."""
    kind = parameter.field
    wrong = [value for value in WRONG[kind.declared] if value is not None or not parameter.optional]
    if isinstance(kind, Number | Integer):
        wrong += [kind.minimum - 1, kind.maximum * 2 + 1, kind.maximum + 0.5]
    if isinstance(kind, Choice):
        wrong += ["no such option", "", kind.options[0][0] + " "]
    return wrong


def in_cohort(analysis: Analysis, cohort: Any, parameter: Parameter) -> dict[str, Json]:
    """What a form sends in which a parameter matters."""
    given = untouched(analysis, cohort)
    return given | {other: values[0] for other, values in parameter.when.items() if other not in given}


@pytest.fixture
def demo(cohort, monkeypatch):
    """The cohort of the fixtures with a decomposition, opened as demo:quick by page and command alike."""
    made = Decomposition("made", cohort.measures["fc"].values[:2], cohort.measures["fc"].values[:40, :2])
    cohort = replace(cohort, decompositions={"made": made})

    def generate(**options):
        yield Progress("Drawing subjects")
        return cohort

    monkeypatch.setattr("imagenomer.teaching.generate", generate)
    return cohort


class Skins:
    """The page's engine and the command, asked for the same."""

    def __init__(self, capsys):
        self.capsys = capsys
        self.engine = Engine()
        asyncio.run(self.engine.handle("open_demo", '{"size": "quick", "seed": 1}'))

    def refusals(self, name, given):
        """What page and command say."""
        with pytest.raises(InputError) as refused:
            asyncio.run(self.engine.handle("run", json.dumps({"analysis": name, "params": given})))
        assert main(["run", name, "demo:quick", "--params", json.dumps(given)]) == 2
        printed = self.capsys.readouterr().err
        assert printed.startswith("imagenomer: ")
        return str(refused.value), printed.removeprefix("imagenomer: ").removesuffix("\n")


@pytest.fixture
def skins(demo, capsys):
    return Skins(capsys)


# --- what is wrong in every cohort ---------------------------------------------------------------


@pytest.mark.parametrize("name", ANALYSES)
def test_a_value_of_the_wrong_type_or_out_of_range_is_refused_in_words_by_page_and_command_alike(name, demo, skins):
    analysis = ANALYSES[name]
    given = untouched(analysis, demo)
    for parameter in parameters_of(analysis.params):
        for value in wrong_values(parameter):
            with pytest.raises(InputError) as refused:
                read_params(analysis, given | {parameter.name: value})
            message = str(refused.value)
            assert message.startswith(f"{parameter.name} "), (parameter.name, value)
            assert parameter.field.accepts in message or "two maps named" in message
            assert len(message) < 1000
        # One of each through both skins, which do the same with all.
        page, command = skins.refusals(name, given | {parameter.name: value})
        assert page == command == message


@pytest.mark.parametrize("name", ANALYSES)
def test_an_unknown_parameter_and_a_missing_one_are_refused_by_page_and_command_alike(name, demo, skins):
    given = untouched(ANALYSES[name], demo)
    page, command = skins.refusals(name, given | {"sneed": 1})
    assert page == command
    assert "has no parameter 'sneed'; it has: " in page
    for required in (one.name for one in parameters_of(ANALYSES[name].params) if one.required):
        page, command = skins.refusals(name, {key: value for key, value in given.items() if key != required})
        assert page == command
        assert f"needs the parameter {required!r}: " in page


@pytest.mark.parametrize("name", ANALYSES)
def test_numbers_at_their_limits_are_taken_and_keep_the_type_that_is_declared(name, demo):
    analysis = ANALYSES[name]
    given = untouched(analysis, demo)
    for parameter in parameters_of(analysis.params):
        kind = parameter.field
        if isinstance(kind, Number | Integer):
            limits = [kind.minimum, kind.maximum, float(kind.minimum), float(kind.maximum)]
            for value in limits + [int(limit) for limit in limits if limit == int(limit)]:
                taken = getattr(read_params(analysis, given | {parameter.name: value}), parameter.name)
                assert taken == value
                assert type(taken) is kind.declared


def test_a_whole_number_is_the_same_with_and_without_a_point():
    # JSON has one kind of number: JavaScript writes 3.0 as 3, others write 3 as 3.0.
    assert dumps(Integer(0, 9).check("seed", 3.0)) == "3"
    with pytest.raises(InputError, match=r"^seed is a whole number from 0 to 9, not 3\.0000001$"):
        Integer(0, 9).check("seed", 3.0000001)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("phenotype-association", {"x": "age", "y": "sex", "seed": 1.5}),
        ("variant-association", {"phenotype": "age", "ancestry_components": 0.5}),
        ("ancestry-components", {"x": 1.5}),
    ],
)
def test_a_fraction_is_not_cut_off_where_a_whole_number_is_meant(name, given, skins):
    wrong = list(given)[-1]
    for message in skins.refusals(name, given):
        assert message.startswith(f"{wrong} is a whole number from ")
        assert message.endswith(f", not {given[wrong]}")


def test_what_is_quoted_of_a_refused_value_is_short():
    with pytest.raises(InputError) as refused:
        Number(0, 1, 0.1).check("alpha", ["a" * 10_000] * 10_000)
    assert len(str(refused.value)) < 800


# --- what is unknown in this cohort ----------------------------------------------------------------


def unknown_values(parameter: Parameter) -> list[tuple[Json, str]]:
    """Values that name nothing in any cohort, and how a refusal begins."""
    kind = parameter.field
    if isinstance(kind, GroupChoice):
        return [("nothing_like_it > 3", "no field 'nothing_like_it'"), ("age >", "")]
    if isinstance(kind, GroupsChoice):
        return [(["age > 1", "nothing_like_it > 3"], "no field 'nothing_like_it'")]
    if kind.declared == tuple[str, ...]:
        what = "weights" if isinstance(kind, WeightsChoice) else "phenotype"
        return [(["nothing like it"], f"no {what} 'nothing like it' in this cohort; it has: ")]
    if isinstance(kind, LevelChoice):
        return [("nothing like it", "")]
    what = getattr(kind, "what", None)
    return [] if what is None else [("nothing like it", f"no {what} 'nothing like it' in this cohort; it has: ")]


@pytest.mark.parametrize("name", ANALYSES)
def test_a_name_that_the_cohort_does_not_have_is_refused_in_words_by_page_and_command_alike(name, demo, skins):
    analysis = ANALYSES[name]
    for parameter in parameters_of(analysis.params):
        given = in_cohort(analysis, demo, parameter)
        if uses_second(analysis, read_params(analysis, given)):
            continue  # without a second cohort nothing else of it is looked at
        check_against(demo, read_params(analysis, given))
        for value, begins in unknown_values(parameter):
            params = read_params(analysis, given | {parameter.name: value})
            with pytest.raises(InputError) as refused:
                check_against(demo, params)
            assert str(refused.value).startswith(begins)
            assert str(value) not in ("", str(refused.value))
            page, command = skins.refusals(name, without_unused(given | {parameter.name: value}, params))
            assert page == str(refused.value)
            assert command.split("\n")[0] == page  # the command adds where in a text


@pytest.mark.parametrize("name", ANALYSES)
def test_what_a_hidden_field_names_is_not_looked_at(name, demo):
    analysis = ANALYSES[name]
    for parameter in parameters_of(analysis.params):
        given = untouched(analysis, demo)
        if parameter.matters(read_params(analysis, given)):
            continue
        for value, _ in unknown_values(parameter):
            check_against(demo, read_params(analysis, given | {parameter.name: value}))


def test_a_phenotype_of_the_other_kind_is_refused_with_those_that_fit(demo):
    analysis = ANALYSES["harmonisation"]
    with pytest.raises(InputError, match="site takes a category, and age is a number; choose one of: sex, site"):
        check_against(demo, read_params(analysis, {"site": "age"}))


def test_what_is_wrong_in_every_cohort_is_said_first(skins):
    for message in skins.refusals("edge-association", {"phenotype": "nothing like it", "seed": 1.5}):
        assert message.startswith("seed is a whole number")


# --- a declaration that does not hold together -----------------------------------------------------


@dataclass(frozen=True)
class FractionalSeed:
    seed: Annotated[int, Number(0, 9, 1)] = 1


@dataclass(frozen=True)
class WholeShare:
    share: Annotated[float, Integer(0, 1)] = 1.0


@dataclass(frozen=True)
class NoFlag:
    on: Annotated[bool | None, Flag()] = None


@dataclass(frozen=True)
class OutOfRange:
    share: Annotated[float, Number(0, 1, 0.1)] = 2.0


@dataclass(frozen=True)
class WholeDefault:
    share: Annotated[float, Number(0, 1, 0.1)] = 1


@dataclass(frozen=True)
class Bare:
    share: float = 1.0


@pytest.mark.parametrize(
    ("params", "says"),
    [
        (FractionalSeed, "seed is declared as <class 'int'>, and Number gives float"),
        (WholeShare, "share is declared as <class 'float'>, and Integer gives int"),
        (NoFlag, "Flag gives bool"),
        (OutOfRange, "the default of .* is refused: share is a number from 0 to 1, not 2.0"),
        (WholeDefault, r"the default of .* is 1, and should be 1\.0"),
        (Bare, "share has no field"),
    ],
)
def test_a_field_that_does_not_give_the_declared_type_is_an_error_of_the_program(params, says):
    with pytest.raises(TypeError, match=says):
        parameters_of(params)


# --- a new kind of field -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Even(Field):
    """A kind of field of which nothing but this class knows: an even number of subjects."""

    largest: int

    control: ClassVar[Any] = "number"
    declared: ClassVar[Any] = int
    minimum: ClassVar[int] = 0
    integer: ClassVar[bool] = True
    in_form: ClassVar[tuple[str, ...]] = ("control", "minimum", "integer")

    @property
    def accepts(self) -> str:
        return f"an even number up to {self.largest}"

    def check(self, name: str, value: Json) -> int:
        if value not in range(0, self.largest + 1, 2) or isinstance(value, bool):
            self.refuse(name, value)
        return int(value)

    def check_against(self, name: str, value: Any, cohort: Any, params: Any) -> None:
        if value > cohort.n_subjects:
            raise InputError(f"{name} is {value}, and {cohort.name} has {cohort.n_subjects} subjects; choose fewer")

    def words(self, value: Any, groups: Any, settled: Json = None) -> str:
        return f"{value // 2} pairs"

    def in_file_name(self, value: Any, settled: Json) -> str:
        return f"{value}-subjects"


@dataclass(frozen=True)
class EvenParams:
    n: Annotated[int, Even(largest=100)] = field(default=2, metadata={"label": "How many"})
    task: Annotated[str | None, TaskChoice()] = None


def _compute(cohort, params):
    yield Progress("Counting")
    return params.n


EVEN = Analysis(
    "Even",
    "Counts.",
    "Phenotypes",
    EvenParams,
    _compute,
    lambda cohort, params, result: Report({"n": result}, ("Counted.",)),
    lambda cohort, params, result, theme: {},
)


def test_a_new_kind_of_field_is_one_class(demo, monkeypatch, capsys):
    for place in ("imagenomer.engine.workspace", "imagenomer.cli"):
        monkeypatch.setattr(f"{place}.load_analyses", lambda: {"even": EVEN})
    shown, _ = form_of(EVEN)
    assert shown == {
        "name": "n",
        "label": "How many",
        "help": "",
        "section": "",
        "when": {},
        "marker": "Even",
        "largest": 100,
        "control": "number",
        "minimum": 0,
        "integer": True,
        "required": False,
        "default": 2,
    }
    skins = Skins(capsys)
    assert skins.refusals("even", {"n": 3}) == ("n is an even number up to 100, not 3",) * 2
    assert skins.refusals("even", {"n": 60}) == ("n is 60, and Forty has 40 subjects; choose fewer",) * 2
    assert main(["run", "even", "demo:quick", "--params", '{"n": 8}']) == 0
    assert json.loads(capsys.readouterr().out) == {"n": 8}
    params = read_params(EVEN, {"n": 8})
    assert result_stem("even", EVEN, params, {}) == "even_8-subjects"
    kept = Record(EVEN, demo, params, 8, Report({"n": 8}, ("Counted.",)), "")
    assert "<dt>How many</dt><dd>4 pairs</dd>" in finish(html_report(kept)).decode()
