"""Input that is damaged, hostile or no cohort at all: a message with the way out, and the page alive."""

from __future__ import annotations

import pickle
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from driving import START, choose_files, choose_folder, wait_until
from kept_page import KeptPage
from playwright.sync_api import Locator, Page, expect
from scipy.stats import pearsonr
from views import content, download, expect_whole, go, spoken

N_SUBJECTS, N_PARCELS, N_EDGES = 12, 5, 10
SUBJECTS = tuple(str(number) for number in range(1, N_SUBJECTS + 1))
EDGES = np.tanh(np.random.default_rng(11).normal(0.2, 0.3, (N_SUBJECTS, N_EDGES)))
AGES = {subject: 20.0 + 3 * position for position, subject in enumerate(SUBJECTS)}
SEXES = {subject: "FM"[position % 2] for position, subject in enumerate(SUBJECTS)}

#: A field name, a level, a task and a file name may all be this.
MARKUP = "<img src=x onerror=alert(1)>"


def save(path: Path, values: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, values)
    return path


def scan_of(folder: Path, subject: str, task: str = "rest") -> Path:
    return folder / "fc" / f"{subject}_task-{task}_fc.npy"


def write_cohort(folder: Path, fields: dict[str, dict[str, Any]] | None = None, task: str = "rest") -> Path:
    """A dozen subjects with five parcels, in good order."""
    for subject, edges in zip(SUBJECTS, EDGES, strict=True):
        save(scan_of(folder, subject, task), edges)
    demographics = {"Age": AGES, "Sex": SEXES} if fields is None else fields
    (folder / "demographics.pkl").write_bytes(pickle.dumps(demographics))
    return folder


# --- what is refused -----------------------------------------------------------------------------


class Malice:
    """What unpickling would run."""

    def __reduce__(self) -> tuple[Any, ...]:
        return eval, ("__import__('os').system('echo pwned')",)


def malicious_pickle(top: Path) -> Path:
    folder = write_cohort(top / "malice")
    (folder / "demographics.pkl").write_bytes(pickle.dumps({"Age": {"1": Malice()}}))
    return folder


def truncated_pickle(top: Path) -> Path:
    folder = write_cohort(top / "short")
    whole = (folder / "demographics.pkl").read_bytes()
    (folder / "demographics.pkl").write_bytes(whole[: len(whole) // 2])
    return folder


def truncated_scans(top: Path) -> Path:
    folder = write_cohort(top / "cut")
    for subject in SUBJECTS:
        scan = scan_of(folder, subject)
        scan.write_bytes(scan.read_bytes()[:-24])
    return folder


def wrong_edge_count(top: Path) -> Path:
    folder = write_cohort(top / "eleven")
    for subject in SUBJECTS:
        save(scan_of(folder, subject), np.zeros(11))
    return folder


def arrays_of_objects(top: Path) -> Path:
    folder = write_cohort(top / "objects")
    for subject in SUBJECTS:
        save(scan_of(folder, subject), np.array([Malice()] * N_EDGES, dtype=object))
    return folder


def nothing_but_nan(top: Path) -> Path:
    folder = write_cohort(top / "blank")
    for subject in SUBJECTS:
        save(scan_of(folder, subject), np.full(N_EDGES, np.nan))
    return folder


def holiday_photos(top: Path) -> Path:
    folder = top / "Lisbon"
    folder.mkdir()
    for number in range(8):
        (folder / f"IMG_{number}.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(99))
    return folder


def two_cohorts(top: Path) -> Path:
    for name in ("anxiety", "reading"):
        write_cohort(top / "data" / name)
    return top / "data"


def zip_that_leads_out(top: Path) -> Path:
    path = top / "slip.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("cohort/demographics.pkl", pickle.dumps({"Age": AGES}))
        archive.writestr("cohort/../../.bashrc", "echo pwned")
    return path


def damaged_zip(top: Path) -> Path:
    folder = write_cohort(top / "cohort")
    path = Path(shutil.make_archive(str(top / "half"), "zip", folder))
    path.write_bytes(path.read_bytes()[:-200])
    return path


def huge_zeros(top: Path) -> Path:
    """A scan file of 200 MB that claims to hold much more; sparse on disk."""
    folder = write_cohort(top / "huge")
    for subject in SUBJECTS[1:]:
        scan_of(folder, subject).unlink()
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999,), }".ljust(117) + b"\n"
    with scan_of(folder, "1").open("wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
        file.truncate(200_000_000)
    return folder


#: What makes it, and what the message must hold: the file, the value, the way out.
REFUSED: list[tuple[Callable[[Path], Path], tuple[str, ...]]] = [
    (malicious_pickle, ("malice", "demographics.pkl", "eval")),
    (truncated_pickle, ("demographics.pkl", "truncated|ends|short|copy")),
    (
        truncated_scans,
        (r"fc/\d+_task-rest_fc\.npy", "truncated", "need 80 bytes, 56 were found", "copy or save it again"),
    ),
    (wrong_edge_count, (r"fc/\d+_task-rest_fc\.npy", "11", "parcels")),
    (arrays_of_objects, (r"fc/\d+_task-rest_fc\.npy", "Python objects", "float64")),
    (nothing_but_nan, (r"fc/\d+_task-rest_fc\.npy", "holds no number", "10 values are NaN")),
    (holiday_photos, ("Lisbon", r"IMG_0\.jpg", "3 more", "connectivity of scans that are named", "Get your data in")),
    (two_cohorts, ("data holds folders that look like cohorts", "anxiety, reading", "open one of them")),
    (zip_that_leads_out, (r"slip\.zip", r"\.\./\.\./\.bashrc", "leads out")),
    (damaged_zip, (r"half\.zip", "not a zip archive that can be read", "create it again")),
    (huge_zeros, ("1_task-rest_fc.npy", "truncated", "7,999,999,999,992 bytes", "199,999,8")),
]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cohort(tmp_path_factory.mktemp("good") / "Dozen")


@pytest.fixture
def page(kept: KeptPage, good: Path) -> Page:
    """The page with a good cohort open; shared by this module, so that each refusal has to leave it whole."""
    if kept.is_as_left(good):
        opened(kept.page, good)
    else:
        kept.open(good, lambda page: opened(page, good))
    return kept.page


def opened(page: Page, folder: Path) -> None:
    """Choose a folder, and wait until it is open."""
    choose_folder(page, folder)
    expect(page.get_by_role("heading", level=1, name=folder.name, exact=True)).to_be_visible(timeout=START)
    expect(page.get_by_role("tab", name="Overview")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("alert")).to_have_count(0)


def result(page: Page) -> Locator:
    return page.get_by_role("region", name=re.compile("^Result: "))


def associate(page: Page, phenotype: str) -> None:
    """Run an edge association, and wait for its result."""
    go(page, "Associations")
    page.get_by_label("Phenotype", exact=True).select_option(label=phenotype)
    expect(result(page).locator(".sentences")).to_contain_text(f"with {phenotype}", timeout=START)
    expect_whole(result(page))


def number(page: Page, name: str) -> str:
    return result(page).locator(".numbers > div", has_text=name).locator("dd").inner_text()


def top_row(page: Page) -> Locator:
    return result(page).get_by_role("grid", name="Strongest edges").locator("tbody tr").first


def fold_out(page: Page, words: str) -> Locator:
    """Unfold the line of the import log that has these words."""
    line = page.locator(".log li", has_text=words)
    line.locator("summary").click()
    return line


@pytest.mark.parametrize(("make", "words"), REFUSED, ids=lambda value: getattr(value, "__name__", ""))
def test_it_is_refused_in_words_and_what_is_open_stays_open(
    page: Page, tmp_path: Path, make: Callable[[Path], Path], words: tuple[str, ...]
) -> None:
    associate(page, "Age")
    strongest = top_row(page).inner_text()
    bad = make(tmp_path)
    (choose_folder if bad.is_dir() else choose_files)(page, bad)
    alert = page.get_by_role("alert").filter(has_text="Could not open")
    expect(alert).to_be_visible()
    said = alert.inner_text()
    for word in words:
        assert re.search(word, said), (word, said)
    expect(alert.get_by_role("button", name="Copy report")).to_have_count(0)

    expect(page.get_by_role("heading", level=1, name="Dozen")).to_be_visible()
    alert.get_by_role("button", name="Dismiss").click()
    page.get_by_label("Method", exact=True).select_option(label="Spearman")
    expect(result(page).locator(".sentences")).to_contain_text("Spearman")
    page.get_by_label("Method", exact=True).select_option(label="Pearson")
    expect(top_row(page)).to_have_text(re.compile(re.escape(strongest.split()[0])))


def test_an_empty_folder_is_named_as_such_when_it_is_dropped(page: Page, tmp_path: Path) -> None:
    (tmp_path / "Nothing").mkdir()
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(tmp_path / "Nothing")], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 600, "y": 300, "data": data})
    expect(page.get_by_role("alert").filter(has_text="no file")).to_be_visible()
    expect(page.get_by_role("heading", level=1, name="Dozen")).to_be_visible()
    page.get_by_role("button", name="Dismiss").click()


# --- what is opened, with a word about it --------------------------------------------------------


def test_scans_that_are_damaged_one_by_one_are_set_aside_by_name(page: Page, tmp_path: Path) -> None:
    folder = write_cohort(tmp_path / "Mixed")
    scan_of(folder, "1").write_bytes(scan_of(folder, "1").read_bytes()[:-8])
    save(scan_of(folder, "2"), np.zeros(15))
    save(scan_of(folder, "3"), np.array([Malice()] * N_EDGES, dtype=object))
    save(scan_of(folder, "stranger"), EDGES[0])
    opened(page, folder)
    unreadable = fold_out(page, "cannot be read were excluded")
    expect(unreadable).to_contain_text("1_task-rest_fc.npy is truncated")
    expect(unreadable).to_contain_text("3_task-rest_fc.npy is not read: it holds Python objects")
    expect(fold_out(page, "another number of values than 10")).to_contain_text("2_task-rest_fc.npy: 15")
    expect(fold_out(page, "no demographics")).to_contain_text("stranger")
    associate(page, "Age")
    assert number(page, "Subjects") == "9"


def test_demographics_alone_open_and_say_that_there_is_no_scan(page: Page, tmp_path: Path) -> None:
    folder = write_cohort(tmp_path / "Paper")
    shutil.rmtree(folder / "fc")
    opened(page, folder)
    expect(page.get_by_role("region", name="The cohort")).to_contain_text("12")
    go(page, "Phenotypes")
    expect(result(page).locator(".sentences")).to_contain_text("Age")
    for tab in ("Connectivity", "Associations"):
        go(page, tab)
        expect(page.get_by_role("tabpanel")).to_contain_text(re.compile("no (scan|measure|connectivity)", re.I))


# --- missing values everywhere ---------------------------------------------------------------------


def riddled_edges() -> np.ndarray:
    """Edge 4 lacks subjects 2 and 3, edge 7 lacks everybody, subject 12's scan is nothing but NaN and infinity."""
    edges = EDGES.copy()
    # The strongest, so that it leads the table.
    edges[[0, 3, 6, 7, 8, 9, 10], 4] = (-0.6, -0.4, -0.1, 0.0, 0.2, 0.6, 0.5)
    edges[[1, 2], 4] = np.nan
    edges[:, 7] = np.nan
    edges[3, 0] = np.inf
    edges[11] = [np.nan, np.inf] * 5
    return edges


@pytest.fixture(scope="module")
def nan_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gaps in the edges; Age is missing for subjects 5 and 6, Score for all but the first two."""
    ages = AGES | {"5": float("nan"), "6": None}
    scores = {subject: 1.0 + int(subject) if subject in "12" else float("nan") for subject in SUBJECTS}
    folder = write_cohort(tmp_path_factory.mktemp("nan") / "Riddled", {"Age": ages, "Sex": SEXES, "Score": scores})
    for subject, row in zip(SUBJECTS, riddled_edges(), strict=True):
        save(scan_of(folder, subject), row)
    return folder


@pytest.fixture
def riddled(page: Page, nan_folder: Path) -> Page:
    opened(page, nan_folder)
    return page


def test_the_overview_says_where_values_are_missing(riddled: Page) -> None:
    not_finite = fold_out(riddled, "not finite, read as missing")
    expect(not_finite).to_contain_text("2_task-rest_fc.npy: 2 NaN")
    expect(not_finite).to_contain_text("4_task-rest_fc.npy: 1 NaN, 1 infinite")
    expect(fold_out(riddled, "cannot be read")).to_contain_text("12_task-rest_fc.npy holds no number")
    age = riddled.get_by_role("table").get_by_role("row", name=re.compile("^Age"))
    expect(age.get_by_role("cell").nth(2)).to_have_text("10")
    expect(age.get_by_role("cell").nth(3)).to_have_text("2")


def test_the_gallery_shows_what_there_is_and_reads_out_what_is_missing(riddled: Page) -> None:
    go(riddled, "Connectivity")
    expect(riddled.locator(".tile:visible")).to_have_count(11)
    riddled.locator(".tile:visible").nth(1).click()
    dialog = riddled.get_by_role("dialog", name="Scan")
    stage = dialog.get_by_role("application")
    expect(stage).to_be_focused()
    expect(stage).to_have_accessible_name(re.compile("^Subject "))  # its values are there
    for _ in range(2):
        stage.press("ArrowRight")
    expect(dialog.get_by_label("Readout")).to_have_text(f"Parcel 1 – Parcel 2 · fc = {spoken(EDGES[1, 0])}")
    for key in ("ArrowDown", "ArrowRight"):
        stage.press(key)
    # Edge 4, which this subject lacks.
    expect(dialog.get_by_label("Readout")).to_have_text("Parcel 2 – Parcel 3 · fc = no value")
    riddled.get_by_role("button", name="Back to the gallery").click()
    riddled.get_by_role("button", name="Mean and SD").click()
    expect(result(riddled).locator(".facts")).to_contain_text(re.compile("missing", re.I))
    riddled.get_by_role("button", name="Scans", exact=True).click()


def test_an_association_takes_for_each_edge_the_subjects_who_have_it(riddled: Page) -> None:
    associate(riddled, "Age")
    facts = result(riddled).locator(".facts")
    assert number(riddled, "Subjects") == "9"
    assert number(riddled, "Tests") == "9"
    expect(facts).to_contain_text(re.compile(r"2 (subjects|of).*Age|Age.*2 subjects", re.S))
    expect(facts).to_contain_text("missing values: each is fitted to the subjects who have it")
    expect(facts).to_contain_text("1 edge not tested")

    file = result(riddled).get_by_role("button", name="Download Strongest edges as CSV")
    with riddled.expect_download() as started:
        file.click()
    header, first = content(started.value).decode("utf-8-sig").splitlines()[:2]
    row = dict(zip(header.split(","), first.split(","), strict=True))
    edges = riddled_edges()[:, 4]
    ages = np.array(list(AGES.values()))
    own = np.isfinite(edges)
    own[[4, 5, 11]] = False
    oracle = pearsonr(edges[own], ages[own])
    assert row["edge"] == "4"
    assert int(row["n_subjects"]) == own.sum() == 7
    np.testing.assert_allclose(
        [float(row["r"]), float(row["p_value"])], oracle, rtol=1e-6
    )  # the page reads connectivity in float32

    scatter = result(riddled).locator("section.points")
    expect(scatter).to_contain_text("7 subjects")


def test_a_phenotype_says_who_was_dropped(riddled: Page) -> None:
    go(riddled, "Phenotypes")
    riddled.get_by_label("Phenotype", exact=True).select_option(label="Age")
    expect(result(riddled).locator(".facts")).to_contain_text(re.compile("2 .*(missing|without|no value)", re.S))


def test_a_phenotype_that_hardly_anybody_has_is_refused_in_words_and_the_next_one_runs(riddled: Page) -> None:
    go(riddled, "Associations")
    riddled.get_by_label("Phenotype", exact=True).select_option(label="Score")
    problem = riddled.get_by_role("alert").filter(has_text="Score")
    expect(problem).to_contain_text("2")
    associate(riddled, "Sex")
    expect(riddled.get_by_role("alert").filter(has_text="Score")).to_have_count(0)
    assert number(riddled, "Subjects") == "11"


def test_markup_in_names_is_text_everywhere(page: Page, tmp_path: Path) -> None:
    bold = "<b>bold</b>"
    subjects = [MARKUP.replace("/", ""), *SUBJECTS[1:]]
    ages = dict(zip(subjects, AGES.values(), strict=True))
    site = {subject: (MARKUP if position % 2 else bold) for position, subject in enumerate(subjects)}
    folder = write_cohort(tmp_path / "<i>Odd", {MARKUP: ages, "site & <b>more": site})
    scan_of(folder, "1").rename(scan_of(folder, subjects[0]))
    opened(page, folder)

    def expect_text_only() -> None:
        assert page.locator("img[src=x], .tabs b, .cohort i, #content i").count() == 0

    expect(page.get_by_role("button", name=MARKUP, exact=True)).to_be_visible()
    expect(page.get_by_role("table")).to_contain_text(MARKUP)
    expect_text_only()

    go(page, "Connectivity")
    page.get_by_text("Captions", exact=True).first.click()
    page.get_by_label("site & <b>more").check()
    expect(page.locator(".tile:visible", has_text=bold).first).to_be_visible()
    expect(page.locator(".tile:visible", has_text=subjects[0]).first).to_be_visible()
    expect_text_only()

    page.get_by_role("button", name="Type", exact=True).click()
    page.get_by_label("Expression").fill(f'`site & <b>more` == "{bold}"')
    page.get_by_label("Name", exact=True).fill(MARKUP)
    page.get_by_role("button", name="Add group").click()
    expect(page.get_by_role("button", name=f"Rename {MARKUP}", exact=True)).to_be_visible()

    go(page, "Phenotypes")
    page.get_by_label("Phenotype", exact=True).select_option(label=MARKUP)
    chart = result(page).locator("section.figure img").first
    wait_until(page, lambda: bool(chart.evaluate("(image) => image.complete && image.naturalWidth > 100")), 60)
    expect(result(page)).to_contain_text(MARKUP)
    page.get_by_label("Phenotype", exact=True).select_option(label="site & <b>more")
    expect(result(page).get_by_role("grid", name="Counts")).to_contain_text(MARKUP)
    expect_text_only()

    associate(page, MARKUP)
    scatter = result(page).locator("section.points")
    expect(scatter.locator(".legend")).to_contain_text(MARKUP)
    stage = scatter.get_by_role("application").or_(scatter.locator("[tabindex='0']")).first
    stage.press("Home")
    expect(scatter).to_contain_text(f"Subject {subjects[0]}")
    svg = content(download(page, scatter.locator("details.menu, details").last, "SVG")).decode()
    assert "<img" not in svg
    assert "<b>" not in svg
    expect_text_only()
    page.get_by_role("button", name=f"Delete {MARKUP}", exact=True).click()
