"""The page in another language: chosen on the start screen, complete, kept and forgotten; data stay as they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from driving import START, Watch, new_page, wait_for_engine
from playwright.sync_api import Browser, Locator, Page, Route, expect
from test_everybody import TOO_WIDE
from views import expect_whole

from imagenomer.analyses.contract.catalogue import catalogue
from page import read_manifest
from runtime import ROOT

SPANISH = json.loads((ROOT / "site" / "languages" / "es.json").read_text(encoding="utf-8"))["texts"]
#: Words of the page that a sentence in Spanish does not have, and names and results do not either.
ENGLISH = [
    english
    for english, words in SPANISH.items()
    if english != words and "{" not in english and english.strip(" .:").count(" ") >= 1
]
#: Everything that is on screen but results, what belongs to the data, and what stays in English.
ON_SCREEN = """() => {
    const own = ".result .views, .facts, .verdict, .overview > section > p, .log, .explanation, #documents, .formats";
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
        const place = walker.currentNode.parentElement;
        if (!place.closest(own + ", script, style, noscript") && place.checkVisibility()) {
            found.push(walker.currentNode.data.trim());
        }
    }
    for (const element of document.querySelectorAll("[aria-label], [title], [placeholder]")) {
        if (element.closest(own) || !element.checkVisibility()) continue;
        for (const name of ["aria-label", "title", "placeholder"]) found.push(element.getAttribute(name) || "");
    }
    return found;
}"""


@pytest.fixture(scope="module")
def _spanish(browser: Browser, site_url: str) -> Iterator[tuple[Page, Watch]]:
    watch = Watch()
    page = new_page(browser, watch)
    page.goto(site_url)
    wait_for_engine(page)
    page.get_by_label("Language").select_option("Español")
    expect(page.get_by_role("heading", name="Suelta aquí una cohorte")).to_be_visible(timeout=START)
    yield page, watch
    page.context.close()


@pytest.fixture
def spanish(_spanish: tuple[Page, Watch]) -> Iterator[Page]:
    """The page in Spanish."""
    page, watch = _spanish
    yield page
    watch.check([])


@pytest.fixture
def demo(spanish: Page) -> Page:
    """The demo cohort, open in Spanish."""
    spanish.set_viewport_size({"width": 1280, "height": 800})
    if spanish.locator("#start").is_visible():
        spanish.get_by_label("Tamaño").select_option("quick")
        spanish.get_by_role("button", name="Abrir la cohorte de demostración").click()
        expect(spanish.get_by_role("banner")).to_contain_text("250 sujetos", timeout=START)
    return spanish


def expect_spanish(page: Page) -> None:
    """Nothing of what is on screen is a text that Spanish has other words for, and nothing is too wide."""
    seen = set(page.evaluate(ON_SCREEN))
    assert seen & set(ENGLISH) == set()
    for width, height in ((1280, 800), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate(TOO_WIDE) == [], f"{width} pixels wide"
    page.set_viewport_size({"width": 1280, "height": 800})


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()


def shown(page: Page) -> Locator:
    return page.locator("#content .result:visible")


def test_the_start_screen_is_in_spanish_and_says_so(spanish: Page) -> None:
    assert spanish.evaluate("document.documentElement.lang") == "es"
    expect(spanish.get_by_label("Idioma")).to_have_value("es")
    expect(spanish.locator(".promise").first).to_contain_text("Nada sale de este ordenador. Tus archivos se leen")
    expect_spanish(spanish)


def test_only_the_chosen_language_was_asked_for(spanish: Page, site: Path) -> None:
    (wanted,) = [one for one in read_manifest(site / "index.html")["assets"] if one["stage"] == "language"]
    asked = spanish.evaluate("performance.getEntriesByType('resource').map((one) => one.name)")
    assert sum(name.endswith(wanted["path"]) for name in asked) == 1


def test_names_of_data_stay_as_they_are(demo: Page) -> None:
    phenotypes = demo.get_by_role("region", name="8 fenotipos")
    expect(phenotypes.get_by_role("row").filter(has_text="mother_education")).to_be_visible()
    expect(phenotypes.get_by_role("button", name="Ordenar por Sujetos")).to_be_visible()
    expect(phenotypes.locator("tbody tr").first).to_contain_text("número")
    expect_spanish(demo)


@pytest.mark.parametrize("english", ["Connectivity", "Phenotypes", "Genotypes", "Associations", "Components", "Maps"])
def test_a_tab_is_in_spanish_with_all_its_analyses(demo: Page, english: str) -> None:
    tab(demo, SPANISH[english])
    wanted = {SPANISH[one.title] for one in catalogue().values() if one.tab == english}
    if english == "Connectivity":  # one is called by what it shows there
        wanted = wanted - {SPANISH["Mean and standard deviation"]} | {SPANISH["Mean and SD"], SPANISH["Scans"]}
    menu = demo.get_by_role("group", name="Mostrar" if english == "Connectivity" else "Análisis")
    assert {words.strip() for words in menu.first.get_by_role("button").all_inner_texts()} == wanted
    if english not in ("Connectivity", "Maps"):
        expect(shown(demo)).to_be_visible(timeout=START)
        expect_whole(shown(demo))
    expect_spanish(demo)


def test_an_option_is_chosen_by_its_spanish_name_and_the_result_is_that_of_the_english_page(demo: Page) -> None:
    tab(demo, "Asociaciones")
    form = demo.get_by_role("region", name="Parámetros")
    form.get_by_label("Fenotipo", exact=True).select_option("wrat")
    form.get_by_label("Corrección", exact=True).select_option(label="Benjamini-Hochberg")
    form.get_by_role("button", name="Calcular", exact=True).click()
    result = demo.get_by_role("region", name="Resultado: Asociación de aristas")
    expect(result.locator(".answer")).to_contain_text("Benjamini-Hochberg", timeout=START)
    expect_whole(result)
    expect(result.locator("section.matrix").first).to_contain_text("wrat and fc")


def test_a_group_is_made_of_a_condition_in_spanish(demo: Page) -> None:
    groups = demo.get_by_role("complementary", name="Grupos")
    groups.get_by_label("Operador").select_option(label="al menos")
    groups.get_by_label("Valor", exact=True).fill("180")
    groups.get_by_label("Nombre", exact=True).fill("Groups")
    groups.get_by_role("button", name="Añadir el grupo").click()
    expect(groups.get_by_role("button", name="Cambiar el nombre de Groups")).to_be_visible(timeout=START)
    demo.keyboard.press("Control+z")
    expect(demo.get_by_role("status").filter(has_text="añadir el grupo Groups")).to_be_visible(timeout=START)


def test_what_is_kept_is_said_and_forgotten(spanish: Page) -> None:
    spanish.locator(".show-privacy:visible").first.click()
    panel = spanish.get_by_role("dialog", name="¿Qué sale de este ordenador?")
    kept = panel.locator("dd#kept-choices")
    expect(kept).to_have_text("“es”, porque lo elegiste")
    expect_spanish(spanish)
    panel.get_by_role("button", name="Olvidar el programa y estas elecciones").click()
    expect(kept).to_have_text("Nada")
    assert spanish.evaluate("localStorage.length") == 0
    spanish.keyboard.press("Escape")


def test_without_its_file_the_page_is_in_english_and_says_so(
    browser: Browser, site_url: str, allowed: list[str], watch: Watch
) -> None:
    allowed.append(r"assets/es-.*(404|net::ERR_ABORTED)|Failed to load resource")
    page = new_page(browser, watch)
    page.add_init_script("localStorage.setItem('imagenomer-language', 'es')")

    def refuse(route: Route) -> None:
        route.fulfill(status=404)

    page.context.route("**/assets/es-*", refuse)
    page.goto(site_url)
    expect(page.get_by_role("alert")).to_contain_text("The page is in English until it arrives", timeout=START)
    expect(page.get_by_role("heading", name="Drop a cohort here")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "en"
    page.context.close()


def test_the_single_file_speaks_it_too(browser: Browser, single_file: Path, watch: Watch) -> None:
    page = new_page(browser, watch)
    page.context.set_offline(True)
    page.goto(single_file.as_uri())
    wait_for_engine(page)
    page.get_by_label("Language").select_option("Español")
    expect(page.get_by_role("heading", name="Suelta aquí una cohorte")).to_be_visible(timeout=START)
    expect(page.locator("#start-progress")).to_contain_text("Listo", timeout=START)
    page.context.close()
