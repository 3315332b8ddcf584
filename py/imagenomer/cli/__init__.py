"""Command: the same cohorts and analyses as in the page, from a terminal."""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from imagenomer import __version__
from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import (
    check_against,
    read_params,
    refuse_unused,
    require_use_of_second,
)
from imagenomer.cli.overview_lines import overview_lines
from imagenomer.cohort import Cohort
from imagenomer.downloads import FIGURE_FORMATS, check_width, result_stem
from imagenomer.engine import catalog
from imagenomer.errors import InputError, bytes_wanted, is_out_of_memory
from imagenomer.jsonable import dumps
from imagenomer.load import Making, load_steps
from imagenomer.overview import overview_of
from imagenomer.progress import Progress, Steps, finish
from imagenomer.script import script_of
from imagenomer.types import Json
from imagenomer.wording import size

Result = TypeVar("Result")

_COHORT = (
    "a folder, a .zip, or demo:quick, demo:full, demo:full:SEED for the synthetic teaching cohort, demo2:full:SEED for "
    "the second one"
)
_MEASURE = 'make one more measure first, such as: harmonisation \'{"site": "Site"}\'; may be given several times'
_ATLAS = "what the parcels are where the files do not say: an atlas that fits (power-264), or none for plain numbers"


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; return 0, or 2 where the user can correct something."""
    options = _parser().parse_args(arguments)
    try:
        options.act(options)
        sys.stdout.flush()
    except InputError as error:
        print(f"imagenomer: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader (`| head`) has gone; what is left in the buffer has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        wanted = bytes_wanted(error)
        amount = "" if wanted is None else f": it asked for another {size(wanted)}"
        print(
            f"imagenomer: there is not enough memory{amount}; choose a smaller group or a single task", file=sys.stderr
        )
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="imagenomer", description="Explore connectivity, genotypes and phenotypes.")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    opening = commands.add_parser("open", help="say what a cohort holds, and what became of its files")
    opening.add_argument("cohort", metavar="COHORT", help=_COHORT)
    opening.add_argument("--json", action="store_true", help="print the overview of the page as JSON")
    opening.add_argument("--atlas", metavar="NAME", help=_ATLAS)
    _takes_recipe(opening)
    _takes_measures(opening)
    opening.set_defaults(act=_open)

    listing = commands.add_parser("analyses", help="list what can be computed, and the parameters")
    listing.add_argument("--json", action="store_true", help="print the catalog of the page as JSON")
    listing.set_defaults(act=_analyses)

    _add_run(commands)

    continuing = commands.add_parser(
        "session", help="compute the results that a session of the page has kept, and print their numbers as JSON"
    )
    continuing.add_argument("session", metavar="S.session.json", type=Path, help="a file that “Save session” wrote")
    continuing.add_argument("cohort", metavar="COHORT", nargs="?", help=f"{_COHORT}; a teaching cohort is found")
    continuing.add_argument("--second", metavar="COHORT2", help="the second cohort, if the session has one of files")
    continuing.set_defaults(act=_session)

    converting = commands.add_parser("convert", help="write a cohort as a bundle, our own format")
    converting.add_argument("cohort", metavar="IN", help=_COHORT)
    converting.add_argument("out", metavar="OUT.zip", type=Path)
    converting.add_argument("--atlas", metavar="NAME", help=_ATLAS)
    _takes_recipe(converting)
    _takes_measures(converting)
    converting.set_defaults(act=_convert)
    return parser


def _add_run(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    running = commands.add_parser(
        "run",
        help="compute one analysis, and print its numbers as JSON",
        description="Compute one analysis, and print its numbers as JSON. What was used, dropped or assumed "
        "is printed to the standard error.",
    )
    running.add_argument("analysis", metavar="ANALYSIS", help="a name that 'imagenomer analyses' lists")
    running.add_argument("cohort", metavar="COHORT", help=_COHORT)
    running.add_argument("--params", metavar="JSON", default="{}", help='such as \'{"phenotype": "Age"}\'')
    running.add_argument("--arrays", metavar="OUT.npz", type=Path, help="save the arrays, in edge order")
    running.add_argument(
        "--figure",
        metavar="OUT.svg",
        type=Path,
        help="save the figures as .svg, .pdf or .png: the first as OUT.svg, each further one as OUT_NAME.svg",
    )
    running.add_argument(
        "--width",
        metavar="MM",
        type=float,
        help="how wide the figures are: 89 is one column of most journals, 183 two; at 300 dots an inch",
    )
    running.add_argument(
        "--html", metavar="OUT.html", type=Path, help="save everything as one file to read, to print and to attach"
    )
    running.add_argument("--atlas", metavar="NAME", help=_ATLAS)
    _takes_second(running)
    _takes_recipe(running)
    _takes_measures(running)
    running.set_defaults(act=_run)


def _takes_recipe(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--recipe", metavar="R.json", type=Path, help="answers to what the files cannot say, and corrections of columns"
    )


def _takes_second(command: argparse.ArgumentParser) -> None:
    command.add_argument("--second", metavar="COHORT2", help="a second cohort, for analyses that use one")
    command.add_argument("--second-recipe", metavar="R.json", type=Path, help="answers and corrections for it")


def _takes_measures(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--add-measure", nargs=2, action="append", default=[], metavar=("ANALYSIS", "JSON"), help=_MEASURE
    )


# --- commands ------------------------------------------------------------------------------------


def _open(options: argparse.Namespace) -> None:
    overview = overview_of(_cohort_of(options))
    if options.json:
        print(dumps(overview, indent=2))
    else:
        print("\n".join(overview_lines(overview)))


def _analyses(options: argparse.Namespace) -> None:
    found = catalog(load_analyses())
    if options.json:
        print(dumps(found, indent=2))
        return
    for analysis in found:
        print(f"{analysis['name']}\n    {analysis['summary']}")
        for entry in analysis["fields"]:
            default = "required" if entry["required"] else f"default {dumps(entry['default'])}"
            choices = f" ({', '.join(value for value, _ in entry['options'])})" if "options" in entry else ""
            print(f"    {entry['name']:<14}{default}{choices}{'; ' if entry['help'] else ''}{entry['help']}")


def _run(options: argparse.Namespace) -> None:
    analyses = load_analyses()
    if options.analysis not in analyses:
        raise InputError(f"no analysis {options.analysis!r}; there are: {', '.join(analyses)}")
    figure_format = options.figure and options.figure.suffix.lower().lstrip(".")
    if figure_format is not None and figure_format not in FIGURE_FORMATS:
        raise InputError(f"--figure {options.figure} does not end in .svg, .pdf or .png")
    if options.width is not None and figure_format is None:
        raise InputError("--width is of figures; name where they are saved with --figure")
    check_width(options.width)
    analysis = analyses[options.analysis]
    given = _json_object(options.params)
    params = read_params(analysis, given)
    refuse_unused(given, params)
    if options.second is not None:
        require_use_of_second(options.analysis, params, analyses)
    cohort = _cohort_of(options)
    with _caret():
        check_against(cohort, params)
        result = _finish(analysis.compute(cohort, params))
    report = analysis.report(cohort, params, result)
    if options.arrays is not None and not report.arrays:
        raise InputError(f"this analysis has no arrays; run {options.analysis} without --arrays")
    if options.arrays is not None:
        _write(options.arrays, _npz(report.arrays))
    if figure_format is not None:
        from imagenomer.figures.theme import render

        figures = analysis.figures(cohort, params, result, report)
        for position, (name, figure) in enumerate(figures.items()):
            path = options.figure.with_stem(f"{options.figure.stem}_{name}") if position else options.figure
            _write(path, render(figure, figure_format, width=options.width))
    if options.html is not None:
        from imagenomer.html_report import Record, html_report

        output = result_stem(options.analysis, analysis, params, report.numbers)
        where = {"cohort": options.cohort, "atlas": options.atlas, "second": options.second}
        recipe, beside = _read_recipe(options.recipe), _read_recipe(options.second_recipe)
        columns = {name: one.json() for name, one in cohort.corrections.items()}
        makings = _makings(options)
        script = script_of(
            options.analysis, analysis, params,
            output=output, measures=makings, recipe=recipe, columns=columns, second_recipe=beside, **where,
        )  # fmt: skip
        record = Record(analysis, cohort, params, result, report, script, n_parts=len(analysis.parts))
        _write(options.html, _finish(html_report(record)))
    titles = {view.name: view.title for view in report.views}
    verdict = [f"{finding.text} (see {titles[finding.of]})" for finding in report.verdict]
    for sentence in (*verdict, *report.warnings, *report.sentences):
        print(sentence, file=sys.stderr)
    print(dumps(report.numbers, indent=2))


def _session(options: argparse.Namespace) -> None:
    from imagenomer.session import cohort_of, computed_session, read_session

    session = read_session(_read(options.session), str(options.session))
    cohort = _finish(cohort_of(session, options.cohort, options.second))
    with _caret():
        print(dumps(_finish(computed_session(session, cohort)), indent=2))


def _convert(options: argparse.Namespace) -> None:
    if options.out.suffix.lower() != ".zip":
        raise InputError(f"a bundle is a .zip, not {options.out}")
    from imagenomer.readers.bundle import write_bundle

    cohort = _cohort_of(options)
    part = options.out.with_name(f"{options.out.name}.part")  # an interrupted file is not taken for a bundle
    try:
        with part.open("wb") as file:
            _finish(write_bundle(cohort, file))
        part.replace(options.out)
    except OSError as error:
        raise InputError(f"{options.out} cannot be written: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)


# --- in and out ----------------------------------------------------------------------------------


def _cohort_of(options: argparse.Namespace) -> Cohort:
    second, *answers = (getattr(options, name, None) for name in ("second", "recipe", "second_recipe"))
    recipe, beside = map(_read_recipe, answers)
    given: dict[str, Any] = {"measures": _makings(options), "second": second, "recipe": recipe, "second_recipe": beside}
    return _finish(load_steps(options.cohort, atlas=options.atlas, **given))


def _makings(options: argparse.Namespace) -> list[Making]:
    """Return the measures that are to be made."""
    return [(analysis, _json_object(text, "--add-measure")) for analysis, text in options.add_measure]


def _read_recipe(path: Path | None) -> dict[str, Json] | None:
    if path is None:
        return None
    try:
        return _json_object(_read(path).decode("utf-8"), f"--recipe {path}")
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None


def _finish(steps: Steps[Result]) -> Result:
    """Run to the end; on a terminal show how far it is, in one line that vanishes."""
    if not sys.stderr.isatty():
        return finish(steps)
    try:
        return finish(steps, _show)
    finally:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _show(progress: Progress) -> None:
    share = f" {100 * progress.done // progress.total} %" if progress.total else ""
    print(f"\r\x1b[K{progress.step}{share}", end="", file=sys.stderr, flush=True)


def _json_object(text: str, option: str = "--params") -> dict[str, Json]:
    try:
        given = json.loads(text)
    except ValueError as error:  # JSON's own, or more digits than Python reads
        raise InputError(f"{option} is not JSON: {error}") from None
    if not isinstance(given, dict):
        raise InputError(f'{option} is a JSON object, such as {{"phenotype": "Age"}}, not {text}')
    return given


@contextmanager
def _caret() -> Iterator[None]:
    """Where a group or an expression is refused at one of its characters, add it to the message with a caret below."""
    try:
        yield
    except InputError as error:
        place, expression = error.position, error.expression
        if place is None or expression is None:
            raise
        # Whatever moves the cursor would part the caret from its place.
        line = "".join(character if character.isprintable() else " " for character in expression)
        raise InputError(f"{error}\n  {line}\n  {' ' * place}^", position=place) from None


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from None


def _npz(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]  # numpy's stub takes the names for its own options
    return buffer.getvalue()
