"""Lines of the overview: what was opened, in words for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from imagenomer.overview import Overview, PhenotypeEntry
from imagenomer.wording import plural


def overview_lines(overview: Overview) -> Iterator[str]:
    """Return what the page's overview shows, line by line."""
    yield f"{overview['name']} (synthetic)" if overview["synthetic"] else overview["name"]
    if overview["description"]:
        yield from textwrap.wrap(overview["description"], 100)
    yield plural(overview["n_subjects"], "subject")
    yield _scans(overview)
    for measure in overview["measures"]:
        yield f"{measure['name']}: {plural(measure['n_scans'], 'scan')}"
    if overview["parcellation"]:
        parcellation = overview["parcellation"]
        networks = ", ".join(filter(None, parcellation["network_names"]))
        yield f"{parcellation['n_parcels']} parcels ({parcellation['name']})" + (
            f"; networks: {networks}" * bool(networks)
        )
    for variants in overview["variant_sets"]:
        missing = "" if variants["missing"] is None else f", {100 * variants['missing']:.2g} % missing"
        subjects = plural(variants["n_subjects"], "subject")
        yield f"genotypes {variants['name']}: {plural(variants['n_variants'], 'variant')}, {subjects}{missing}"
    for decomposition in overview["decompositions"]:
        subjects = plural(decomposition["n_subjects"], "subject")
        yield f"decomposition {decomposition['name']}: {plural(decomposition['n_components'], 'component')}, {subjects}"
    for weights in overview["weights"]:
        yield f"weights {weights['name']}: {plural(weights['n_values'], 'value')}"
    if overview["phenotypes"]:
        yield ""
        yield "Phenotypes"
    for phenotype in overview["phenotypes"]:
        yield f"  {_phenotype(phenotype)}"
    if overview["log"]:
        yield ""
        yield "Import log"
    for entry in overview["log"]:
        yield f"  {entry['severity']}: {entry['message']}"
        if entry["items"]:
            yield from textwrap.wrap(", ".join(entry["items"]), 100, initial_indent="    ", subsequent_indent="    ")


def _scans(overview: Overview) -> str:
    tasks = overview["tasks"]
    found = ", ".join(f"{task['name'] or 'no task'} {task['n_found']}" for task in tasks)
    line = plural(overview["n_scans_found"], "scan") + (f" ({found})" if found else "")
    if overview["n_scans_used"] != overview["n_scans_found"]:
        used = ", ".join(f"{task['name'] or 'no task'} {task['n_used']}" for task in tasks)
        line += f", {overview['n_scans_used']} of them in use ({used})"
    return line


def _phenotype(phenotype: PhenotypeEntry) -> str:
    units = f" {phenotype['units']}" if phenotype["units"] else ""
    if phenotype["levels"]:
        what = ", ".join(f"{level['name']} {level['n']}" for level in phenotype["levels"])
    elif phenotype["n"]:
        what = f"{phenotype['minimum']:.6g} to {phenotype['maximum']:.6g}{units}, mean {phenotype['mean']:.4g}"
        what += "" if phenotype["sd"] is None else f", SD {phenotype['sd']:.4g}"
    else:
        what = "no values"
    missing = f"; {phenotype['n_missing']} missing" if phenotype["n_missing"] else ""
    coded = " (looks like codes; correct it by a recipe)" if phenotype["coded"] else ""
    return f"{phenotype['name']}: {what}{missing}{coded}"
