"""Case study: the analyses of the study that found the race confound, repeated on the teaching cohorts.

    python3 build_scripts/case_study.py [--blocks verdict,maps]

Needs the environment that ``build_scripts/test.py`` makes. Draws both teaching cohorts at full size, runs our own
analyses on them, and writes ``site/docs/case-study.md`` and its pictures in ``site/docs/images/case-study/``. Takes a
dozen minutes; ``--blocks`` computes some and keeps the others as they are on the page. What the paper found is copied;
everything else is computed here.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "py"))

from imagenomer.analyses import load_analyses  # noqa: E402
from imagenomer.analyses.contract import Report, read_params  # noqa: E402
from imagenomer.cohort import Cohort  # noqa: E402
from imagenomer.companion import with_companion  # noqa: E402
from imagenomer.figures.theme import render  # noqa: E402
from imagenomer.progress import finish  # noqa: E402
from imagenomer.teaching import generate, generate_second  # noqa: E402
from imagenomer.types import JsonObject  # noqa: E402

PAGE = ROOT / "site" / "docs" / "case-study.md"
TEMPLATE = Path(__file__).with_name("case_study.template.md")
PICTURES = ROOT / "site" / "docs" / "images" / "case-study"
SEED = 1

EITHER = 'ancestry in ("EA", "AA")'
#: What is predicted in which subjects from what, and the paper's result: the null model, all features, the top 10.
#: RMSE of a number (months, points), accuracy of a category (%); None where the paper has none.
PREDICTIONS: tuple[tuple[str, dict[str, Any], tuple[Any, Any, Any]], ...] = (
    ("Age from connectivity, months", {"phenotype": "age"}, (38.4, 26, 32.2)),
    ("WRAT from connectivity", {"phenotype": "wrat"}, (15.1, 13.6, 15.1)),
    ("WRAT from genotypes", {"phenotype": "wrat", "features": "variants"}, (15.1, 14, None)),
    ("WRAT in AA from connectivity", {"phenotype": "wrat", "group": 'ancestry == "AA"'}, (13.9, 13.8, 13.9)),
    (
        "WRAT in AA from genotypes",
        {"phenotype": "wrat", "features": "variants", "group": 'ancestry == "AA"'},
        (None, 13.4, None),
    ),
    ("WRAT in EA from connectivity", {"phenotype": "wrat", "group": 'ancestry == "EA"'}, (14, 14.1, 14)),
    (
        "WRAT in EA from genotypes",
        {"phenotype": "wrat", "features": "variants", "group": 'ancestry == "EA"'},
        (None, 13.6, None),
    ),
    (
        "WRAT, mother's education up to 12 years",
        {"phenotype": "wrat", "group": "mother_education <= 12"},
        (15, 14.1, None),
    ),
    (
        "WRAT, mother's education from 14 years",
        {"phenotype": "wrat", "group": "mother_education >= 14"},
        (15.3, 15, None),
    ),
    ("Ancestry (EA, AA) from connectivity, %", {"phenotype": "ancestry", "group": EITHER}, (55, 85, 72)),
    (
        "Ancestry (EA, AA) from genotypes, %",
        {"phenotype": "ancestry", "features": "variants", "group": EITHER},
        (None, "“perfect”", None),
    ),
    ("Sex from connectivity, %", {"phenotype": "sex"}, (51, 78, 62)),
    ("Sex from genotypes, %", {"phenotype": "sex", "features": "variants"}, (None, "“perfect”", None)),
)


class Study:
    """Both cohorts, and every result once."""

    def __init__(self, size: str = "full") -> None:
        self.size = size
        self._analyses = load_analyses()
        self._results: dict[str, tuple[Any, Any, Report]] = {}

    @cached_property
    def first(self) -> Cohort:
        """The first cohort, with the second beside it."""
        return with_companion(finish(generate(self.size, SEED)), finish(generate_second(self.size, SEED)))

    def report(self, name: str, **params: Any) -> Report:
        return self._run(name, params)[2]

    def numbers(self, name: str, **params: Any) -> JsonObject:
        return self._run(name, params)[2].numbers

    def _run(self, name: str, given: Mapping[str, Any]) -> tuple[Any, Any, Report]:
        key = repr((name, sorted(given.items())))
        if key not in self._results:
            analysis = self._analyses[name]
            params = read_params(analysis, given)
            result = finish(analysis.compute(self.first, params))
            self._results[key] = params, result, analysis.report(self.first, params, result)
        return self._results[key]

    def picture(self, figure: str, name: str, **given: Any) -> Any:
        """Return one of the figures of a result."""
        return self._analyses[name].figures(self.first, *self._run(name, given))[figure]


# --- the blocks of the page, each computed on its own ------------------------------------------------


def people(study: Study) -> str:
    """Describe the first cohort, and the association of the score with ancestry group."""
    levels = {
        name: dict(
            zip(study.first.phenotype(name).levels, np.bincount(study.first.phenotype(name).values), strict=True)
        )
        for name in ("ancestry", "sex")
    }
    rows = {one["level"]: one for one in study.numbers("phenotype-association", x="wrat", y="ancestry")["levels"]}
    wrat = study.first.phenotype("wrat").values
    gap = rows["EA"]["mean"] - rows["AA"]["mean"]
    r = _indicator_r(study.first, "EA")
    return _table(
        ("", "the paper", "here"),
        [
            ("subjects", "830", str(study.first.n_subjects)),
            ("of them EA, AA", "407, 326", f"{levels['ancestry']['EA']}, {levels['ancestry']['AA']}"),
            ("of them M, F", "382, 448", f"{levels['sex']['M']}, {levels['sex']['F']}"),
            ("WRAT, SD of everybody (the paper: error of the null model)", "15.1", f"{wrat.std():.1f}"),
            ("WRAT, mean of EA minus mean of AA, points", "", f"{gap:.1f}"),
            ("WRAT and EA (against all others), r", "", f"{r:.2f}"),
        ],
    )


def _indicator_r(cohort: Cohort, level: str) -> float:
    return float(np.corrcoef(cohort.phenotype("ancestry").indicator(level), cohort.phenotype("wrat").values)[0, 1])


def maps(study: Study) -> str:
    """Compare the connections of the score with those of ancestry group."""
    wrat = study.report("edge-association", phenotype="wrat")
    ancestry = study.report("edge-association", phenotype="ancestry", level="EA")
    given = study.report("edge-association", phenotype="wrat", covariates=["ancestry"])
    own, other = wrat.arrays["r"], ancestry.arrays["r"]
    both = wrat.arrays["significant"] & ancestry.arrays["significant"]
    n_own = int(cast("int", wrat.numbers["n_significant"]))
    within = {
        group: study.report("edge-association", phenotype="wrat", group=f'ancestry == "{group}"')
        for group in ("EA", "AA")
    }
    return _table(
        ("connections, of 34,716", "the paper", "here"),
        [
            ("r with WRAT", "−.16 to .14", _range(own)),
            ("r with EA (against all others)", "−.22 to .18", _range(other)),
            ("significant with WRAT (Bonferroni)", "", f"{n_own:,}"),
            ("significant with EA", "", f"{ancestry.numbers['n_significant']:,}"),
            (
                "of those with WRAT, also with EA",
                "“in fact more highly correlated with race”",
                _share(both.sum(), n_own),
            ),
            ("correlation of the two maps", "", f"{np.corrcoef(own, other)[0, 1]:.2f}"),
            ("significant with WRAT given ancestry group", "", f"{given.numbers['n_significant']:,}"),
            *(
                (f"significant with WRAT within {group}", "", f"{report.numbers['n_significant']:,}")
                for group, report in within.items()
            ),
        ],
    )


def variants(study: Study) -> str:
    """Compare the strongest variants of the score with those of ancestry group."""
    tops = []
    for given in ({"phenotype": "wrat"}, {"phenotype": "ancestry", "level": "EA"}):
        report = study.report("variant-association", **given)
        tops.append({row["variant"] for row in cast("list[JsonObject]", report.numbers["top"])[:20]})
    adjusted = study.report("variant-association", phenotype="wrat", covariates=["ancestry"])
    plain = study.report("variant-association", phenotype="wrat")
    return _table(
        ("variants, of 10,433", "the paper", "here"),
        [
            ("of the 20 strongest of WRAT, among the 20 of EA", "6", str(len(tops[0] & tops[1]))),
            ("significant with WRAT (Bonferroni)", "", f"{plain.numbers['n_significant']:,}"),
            ("significant with WRAT given ancestry group", "", f"{adjusted.numbers['n_significant']:,}"),
        ],
    )


def predictions(study: Study) -> str:
    """Predict as the paper does: twenty random splits, 80 % train."""
    rows = []
    for title, given, paper in PREDICTIONS:
        is_category = given["phenotype"] in ("ancestry", "sex")
        whole = study.numbers("prediction", **given)
        best = None
        if paper[2] is not None:
            best = study.numbers("prediction", **given, model="top")
        score = "accuracy" if is_category else "rmse"
        values = [whole["null_scores"][score], whole["scores"][score]["value"]]
        values.append(None if best is None else best["scores"][score]["value"])
        r2 = "" if is_category else f"{whole['scores']['r2']['value']:z.2f}".replace("-", "−")
        rows.append((title, _triple(paper), _triple([_shown(value, is_category) for value in values]), r2))
    return _table(("", "the paper: null, all, top 10", "here: null, all, top 10", "R² of all"), rows)


#: Accuracy in % in each group, as the paper has it: trained on PNC and tested on BSNIP, and the other way round.
TRANSFERS = ({"EA": 64, "AA": 76}, {"EA": 90, "AA": 38})


def transfer(study: Study) -> str:
    """Learn ancestry group in the scans at rest of one cohort, and predict it in the other."""
    numbers = study.numbers(
        "prediction",
        phenotype="ancestry",
        task="rest",
        test_on="both",
        group=EITHER,
        second_group=EITHER,
        scores_by="ancestry",
    )
    rows = []
    for way, paper in zip(numbers["transfers"], TRANSFERS, strict=True):
        own = {level: 100 * scored["scores"]["accuracy"]["value"] for level, scored in way["levels"].items()}
        auc = way["scores"]["auc"]
        rows.append(
            (
                f"trained on {way['n_train']:,} of the {way['trained_on']}",
                *(", ".join(f"{level} {values[level]:.0f} %" for level in paper) for values in (paper, own)),
                f"{auc['value']:.2f} ({auc['low']:.2f} to {auc['high']:.2f})",
            )
        )
    return _table(("tested on the other cohort", "the paper (PNC, BSNIP)", "here", "AUC here"), rows)


def verdict(study: Study) -> str:
    """Return the verdict of the confound report."""
    report = study.report("confound-report", target="wrat")
    return "\n".join(f"* {finding.text}" for finding in report.verdict)


BLOCKS: Mapping[str, Callable[[Study], str]] = {
    "people": people,
    "maps": maps,
    "variants": variants,
    "predictions": predictions,
    "transfer": transfer,
    "verdict": verdict,
}


def _range(r: Any) -> str:
    return f"{_signed(np.nanmin(r))} to {_signed(np.nanmax(r))}"


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("0.", ".", 1).replace("-", "−")


def _share(n: Any, of: int) -> str:
    return f"{int(n):,} ({100 * n / of:.0f} %)" if of else "none"


def _shown(value: float | None, is_category: bool) -> str | None:
    return None if value is None else f"{100 * value:.0f}" if is_category else f"{value:.1f}"


def _triple(values: Any) -> str:
    return " / ".join("–" if value is None else str(value) for value in values)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


# --- the page ----------------------------------------------------------------------------------------


def page(blocks: Mapping[str, str]) -> str:
    """Return the page with these blocks, each between marks by which it is found again."""
    return TEMPLATE.read_text(encoding="utf-8").format(
        **{name: f"<!-- {name} -->\n{blocks[name]}\n<!-- end -->" for name in BLOCKS}
    )


def blocks_of(text: str) -> dict[str, str]:
    """Return the blocks of a page."""
    return dict(re.findall(r"^<!-- (\w+) -->\n(.*?)\n<!-- end -->$", text, re.MULTILINE | re.DOTALL))


def pictures(study: Study) -> dict[str, Callable[[], Any]]:
    """Return how each picture of the page is drawn, by file name."""
    groups = ['ancestry == "EA"', 'ancestry == "AA"']
    return {
        "wrat.png": lambda: study.picture("distribution", "phenotype-distribution", phenotype="wrat", groups=groups),
        "map-wrat.png": lambda: study.picture("r", "edge-association", phenotype="wrat"),
        "map-ancestry.png": lambda: study.picture("r", "edge-association", phenotype="ancestry", level="EA"),
        "predictions.png": lambda: study.picture("predictions", "confound-report", target="wrat"),
    }


def _small(figure: Any) -> bytes:
    """Return a figure as a PNG of 128 colours: a matrix of noise cannot be compressed otherwise."""
    from PIL import Image

    image = Image.open(io.BytesIO(render(figure, "png", dpi=100))).convert("RGB")
    buffer = io.BytesIO()
    image.quantize(128, dither=Image.Dither.NONE).save(buffer, "png", optimize=True)
    return buffer.getvalue()


#: Of which block each picture is.
_PICTURE_OF = {"wrat.png": "people", "map-wrat.png": "maps", "map-ancestry.png": "maps", "predictions.png": "verdict"}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--blocks", default=",".join(BLOCKS), help="which to compute, the others staying as they are")
    chosen = parser.parse_args(arguments).blocks.split(",")
    study = Study()
    kept = blocks_of(PAGE.read_text(encoding="utf-8")) if PAGE.is_file() else {}
    PAGE.write_text(page({**kept, **{name: BLOCKS[name](study) for name in chosen}}), encoding="utf-8")
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, make in pictures(study).items():
        if _PICTURE_OF[name] in chosen:
            picture = _small(make())
            (PICTURES / name).write_bytes(picture)
            print(f"{name}: {len(picture) // 1000} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
