"""PLINK as an oracle: genotypes go into its files, its tables come back."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from imagenomer.cohort import VariantSet
from imagenomer.genotypes import PlinkFiles, write_plink

Rows = list[dict[str, str]]


def write_files(stem: Path, files: PlinkFiles) -> None:
    for extension in ("bed", "bim", "fam"):
        stem.with_suffix(f".{extension}").write_bytes(getattr(files, extension))


def write_columns(path: Path, **columns: NDArray) -> None:
    """Write phenotypes or covariates of people p0, p1 ... to every digit."""
    rows = [["#IID", *columns]]
    rows += [
        [f"p{row}", *map(repr, map(float, values))] for row, values in enumerate(zip(*columns.values(), strict=True))
    ]
    path.write_text("".join("\t".join(row) + "\n" for row in rows))


def run_plink(
    program: str,
    folder: Path,
    dosage: NDArray[np.int8],
    *arguments: str,
    chromosomes: tuple[str, ...] | None = None,
    positions: NDArray | None = None,
) -> dict[str, Rows]:
    """Run PLINK on genotypes of people p0, p1 ... and variants rs0, rs1 ..., and return its tables by extension."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not on this machine")
    n_subjects, n_variants = dosage.shape
    variants = VariantSet(
        name="x",
        dosage=dosage,
        variant_ids=tuple(f"rs{number}" for number in range(n_variants)),
        chromosomes=chromosomes or ("1",) * n_variants,
        positions=np.arange(n_variants) + 1 if positions is None else positions,
        effect_alleles=("A",) * n_variants,
        other_alleles=("G",) * n_variants,
    )
    write_files(folder / "x", write_plink(variants, tuple(f"p{number}" for number in range(n_subjects))))
    for stale in folder.glob("out.*"):
        stale.unlink()
    command = [program, "--bfile", "x", "--out", "out", "--allow-no-sex", "--threads", "1", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    tables = {}
    for path in folder.glob("out.*"):
        if path.suffix not in (".log", ".nosex"):
            header, *rows = [line.split() for line in path.read_text().splitlines()]
            tables[path.name[4:]] = [dict(zip(header, row, strict=True)) for row in rows]
    return tables


def numbers(rows: Rows, column: str) -> NDArray[np.float64]:
    """One column of a table; NaN where PLINK says NA."""
    return np.array([np.nan if row[column] == "NA" else float(row[column]) for row in rows])
