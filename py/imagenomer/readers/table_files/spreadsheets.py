"""Spreadsheets of Excel (.xlsx, .xlsm, .xls) and LibreOffice (.ods), read by python-calamine."""

from __future__ import annotations

import io

from imagenomer.errors import InputError
from imagenomer.readers.table_files import excel_97
from imagenomer.readers.table_files.raw import RawTable, cell, damage_told, refuse_beyond
from imagenomer.readers.table_files.spreadsheet_sizes import refuse_oversized
from imagenomer.types import Cell

WHAT = "a spreadsheet"

#: What Excel shows where a formula says that a value is missing.
_NOT_AVAILABLE = "#N/A"


def read(name: str, data: bytes) -> list[RawTable]:
    """Return the sheets that hold anything, without empty rows and columns before the first value.

    Formulas are the values that were last computed, numbers are not rounded as they are shown, and merged cells have
    their value in the first.

    Raises
    ------
    InputError
        If it is no spreadsheet, is protected by a password or damaged, or would not fit in memory.
    """
    with damage_told(name, WHAT):
        if data.startswith(excel_97.MAGIC):
            workbook = excel_97.workbook_of(data)
            for size in excel_97.sheet_sizes(workbook):
                refuse_beyond(name, *size)
            data = excel_97.compound_file(workbook)
        else:
            refuse_oversized(name, data)
        try:
            return _sheets(data)
        except Exception as error:
            if "password" in str(error).lower():
                raise InputError(f"{name} is protected by a password; save a copy without one") from None
            raise
        except BaseException as error:
            # The library's own assertions.
            if type(error).__name__ != "PanicException":
                raise
            raise ValueError("its parts contradict each other") from None


def _sheets(data: bytes) -> list[RawTable]:
    from python_calamine import CalamineWorkbook, SheetTypeEnum  # late: see the package

    with CalamineWorkbook.from_object(io.BytesIO(data)) as book:
        names = [one.name for one in book.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet]
        found = [(name, book.get_sheet_by_name(name).to_python(skip_empty_area=True)) for name in names]
    tables = [RawTable(name, None, [[_cell(value) for value in row] for row in rows]) for name, rows in found]
    return [table for table in tables if any(value is not None for row in table.rows for value in row)]


def _cell(value: object) -> Cell:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return None if value == _NOT_AVAILABLE else cell(value)
