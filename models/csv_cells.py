"""Cells of a table that people open in a spreadsheet: a cell that it would take for a formula gets an apostrophe. Pure.

Times are ISO 8601 in UTC.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

ACTS = re.compile(r"'*[=+\-@\t\r\n]")  # with what we put before it, so that it can be taken off again


def iso(at: datetime) -> str:
    """2026-11-24T09:30:00Z"""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def guarded(cell: Any) -> str:
    """A cell as text that no program runs."""
    if isinstance(cell, datetime):
        return iso(cell)
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if cell is None:
        return ""
    if isinstance(cell, int | Decimal):
        return str(cell)
    text = str(cell.value if isinstance(cell, StrEnum) else cell)
    return f"'{text}" if ACTS.match(text) else text


def unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and ACTS.match(cell) else cell
