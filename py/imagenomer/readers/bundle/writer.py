"""A cohort to a bundle."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, BinaryIO, Literal
from urllib.parse import quote

import numpy as np

from imagenomer import __version__
from imagenomer.cohort import Cohort, Measure, Phenotype, Scan
from imagenomer.errors import InputError
from imagenomer.genotypes import write_plink
from imagenomer.parcellation import NOT_AVAILABLE, Parcellation
from imagenomer.progress import Progress, Steps
from imagenomer.readers.bundle.columns import AS_READ, columns_as_read, columns_entry
from imagenomer.readers.bundle.layout import FORMAT, MISSING_INT16, SCAN_COLUMNS, VERSION, row_blocks
from imagenomer.readers.columns import MISSING
from imagenomer.readers.npy import npy_header, write_npz
from imagenomer.readers.tables import write_table


def bundle_bytes(cohort: Cohort, *, dtype: Literal["float32", "int16"] = "float32") -> Steps[bytes]:
    """Return a cohort as the bytes of a zip archive; see `write_bundle`."""
    buffer = io.BytesIO()
    yield from write_bundle(cohort, buffer, dtype=dtype)
    return buffer.getvalue()


def write_bundle(cohort: Cohort, file: BinaryIO, *, dtype: Literal["float32", "int16"] = "float32") -> Steps[None]:
    """Write a cohort as a zip archive, in blocks.

    Parameters
    ----------
    cohort : Cohort
    file : binary file
        Open for writing.
    dtype : str
        Of connectivity. "float32" loses nothing; "int16" halves the size, is read fastest, and is exact to 1.5e-5
        of each measure's largest magnitude.

    Raises
    ------
    InputError
        If a level of a category is a text that tables use for a missing value.
    """
    facts = _manifest(cohort, dtype)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        _put(archive, "bundle.json", _json(facts))
        for name, phenotypes in (("participants", [*cohort.phenotypes.values()]), (AS_READ, columns_as_read(cohort))):
            if phenotypes or name == "participants":
                _put(archive, f"{name}.tsv", _participants(cohort.subjects, phenotypes))
                _put(archive, f"{name}.json", _json(_dictionary(phenotypes)))
        if cohort.scans:
            _put(archive, "scans.tsv", _scans_table(cohort.scans))
        if cohort.parcellation is not None:
            _put(archive, "atlas.tsv", _atlas_table(cohort.parcellation))
        for measure, entry in zip(cohort.measures.values(), facts["measures"], strict=True):
            yield from _put_connectivity(archive, measure, entry)
        for variants, entry in zip(cohort.variant_sets.values(), facts["genotypes"], strict=True):
            yield Progress(f"Writing genotypes {variants.name}")
            files = write_plink(variants, cohort.subjects, cohort.sexes.tolist())
            for extension in ("bed", "bim", "fam"):
                _put(archive, f"{entry['file']}.{extension}", getattr(files, extension))
        for decomposition, entry in zip(cohort.decompositions.values(), facts["decompositions"], strict=True):
            yield Progress(f"Writing decomposition {decomposition.name}")
            _put(
                archive,
                entry["file"],
                write_npz({"components": decomposition.components, "scores": decomposition.scores}),
            )
        for weights, entry in zip(cohort.weights.values(), facts["weights"], strict=True):
            _put(archive, entry["file"], write_npz({"values": weights.values}))


_TEXTS = ("name", "description", "licence", "provenance")


def _manifest(cohort: Cohort, dtype: Literal["float32", "int16"]) -> dict[str, Any]:
    """Return what bundle.json says."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "written_by": f"imagenomer {__version__}",
        **{key: getattr(cohort, key) for key in _TEXTS},
        "synthetic": cohort.synthetic,
        "measures": [
            {
                "name": measure.name,
                "file": _file_name("connectivity", measure.name, ".npy"),
                "scale": _scale(measure) if dtype == "int16" else None,
                "absent": np.flatnonzero(~measure.present).tolist(),
                "made": measure.made,
            }
            for measure in cohort.measures.values()
        ],
        "genotypes": [{"name": name, "file": _file_name("genotypes", name, "")} for name in cohort.variant_sets],
        "decompositions": [
            {"name": name, "file": _file_name("decompositions", name, ".npz")} for name in cohort.decompositions
        ],
        "weights": [
            {
                "name": weights.name,
                "file": _file_name("weights", weights.name, ".npz"),
                "description": weights.description,
                "train_subjects": list(weights.train_subjects),
                "test_subjects": list(weights.test_subjects),
            }
            for weights in cohort.weights.values()
        ],
        "atlas": None if cohort.parcellation is None else _atlas_facts(cohort.parcellation),
        "set_aside": [_scan_facts(scan) for scan in cohort.set_aside],
        **columns_entry(cohort),
        **({"recipe": cohort.recipe} if cohort.recipe else {}),
        "log": [{"severity": e.severity, "message": e.message, "items": list(e.items)} for e in cohort.log],
    }


def _file_name(folder: str, name: str, extension: str) -> str:
    """A path that every system can hold and that leads nowhere else; bundle.json keeps the true name."""
    parts = [quote(part, safe=" ") for part in name.split("/")]
    return "/".join([folder, *("%2E" * len(part) if set(part) <= {"."} else part for part in parts)]) + extension


def _json(content: Any) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode("utf-8")


def _put(archive: zipfile.ZipFile, path: str, data: bytes) -> None:
    # A fixed date: the same cohort makes the same file.
    archive.writestr(zipfile.ZipInfo(path), data)


def _scale(measure: Measure) -> float:
    largest = max((float(np.nanmax(np.abs(row), initial=0)) for row in measure.values), default=0.0)
    # Single precision must be able to divide by it.
    return max((largest or 1.0) / 32767, float(np.finfo(np.float32).tiny))


def _put_connectivity(archive: zipfile.ZipFile, measure: Measure, entry: Mapping[str, Any]) -> Steps[None]:
    n_scans, n_edges = measure.values.shape
    scale = entry["scale"]
    info = zipfile.ZipInfo(entry["file"])
    info.file_size = n_scans * n_edges * 4  # an upper bound, for the choice of a 64-bit entry
    with archive.open(info, "w") as target:
        target.write(npy_header((n_scans, n_edges), "<f4" if scale is None else "<i2"))
        for rows in row_blocks(n_scans, n_edges * 4):
            yield Progress(f"Writing {measure.name}", rows.start, n_scans)
            block = measure.values[rows]
            if scale is None:
                target.write(np.ascontiguousarray(block, dtype="<f4").data.cast("B"))
            else:
                missing = np.isnan(block)
                steps = np.rint(np.where(missing, 0, block) / np.float32(scale))
                target.write(np.where(missing, MISSING_INT16, steps).astype("<i2").data.cast("B"))


def _participants(subjects: Sequence[str], phenotypes: Iterable[Phenotype]) -> bytes:
    columns: dict[str, list[str]] = {"participant_id": list(subjects)}
    for phenotype in phenotypes:
        if phenotype.name in columns:
            raise InputError(
                f"a phenotype called {phenotype.name!r} cannot be written: the table has such a column already"
            )
        columns[phenotype.name] = _cells(phenotype)
    return write_table(columns)


def _cells(phenotype: Phenotype) -> list[str]:
    odd = [level for level in phenotype.levels if level.strip().lower() in MISSING or level != level.strip()]
    if odd:
        raise InputError(f"{phenotype.name} has a level {odd[0]!r}, which in a table reads as a missing value")
    if not phenotype.levels and np.isinf(phenotype.values).any():
        raise InputError(f"{phenotype.name} has infinite values, which a table does not hold")
    cells = []
    for value, missing in zip(phenotype.values.tolist(), phenotype.missing.tolist(), strict=True):
        if missing:
            cells.append(NOT_AVAILABLE)
        elif phenotype.levels:
            cells.append(phenotype.levels[value])
        else:
            cells.append(repr(value).removesuffix(".0"))
    return cells


def _dictionary(phenotypes: Iterable[Phenotype]) -> dict[str, Any]:
    dictionary: dict[str, Any] = {"participant_id": {"Description": "Identifier of the subject"}}
    for phenotype in phenotypes:
        entry: dict[str, Any] = {"Description": phenotype.description}
        if phenotype.units:
            entry["Units"] = phenotype.units
        if phenotype.levels:
            entry["Levels"] = {level: level for level in phenotype.levels}
        dictionary[phenotype.name] = entry
    return dictionary


def _scans_table(scans: tuple[Scan, ...]) -> bytes:
    def column(part: str) -> list[str]:
        return [getattr(scan, part) or NOT_AVAILABLE for scan in scans]

    parts = ("subject", "task", "session", "run")
    return write_table({name: column(part) for name, part in zip(SCAN_COLUMNS, parts, strict=True)})


def _scan_facts(scan: Scan) -> dict[str, str]:
    return {"subject": scan.subject, "task": scan.task, "session": scan.session, "run": scan.run}


def _atlas_table(parcellation: Parcellation) -> bytes:
    columns = {"label": list(parcellation.labels)}
    for axis, values in zip("xyz", parcellation.coordinates.T.tolist(), strict=True):
        columns[axis] = [NOT_AVAILABLE if math.isnan(value) else repr(value).removesuffix(".0") for value in values]
    columns["network"] = [network or NOT_AVAILABLE for network in parcellation.networks]
    return write_table(columns)


def _atlas_facts(parcellation: Parcellation) -> dict[str, Any]:
    return {
        "name": parcellation.name,
        "networks": list(parcellation.network_names),
        "network_titles": list(parcellation.network_titles),
        "citation": parcellation.citation,
        "atlas": parcellation.atlas,
    }
