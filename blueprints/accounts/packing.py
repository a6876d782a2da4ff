"""A reader's data as one zip: each part as JSON for programs and as CSV for people, and what is what in README.txt."""

import csv
import io
import json
import tempfile
import zipfile
from datetime import datetime
from decimal import Decimal
from typing import IO, Any

from blueprints.accounts.own_data import Part
from models.csv_cells import guarded, iso

IN_MEMORY = 2_000_000  # bytes; a larger zip is built in a temporary file


def pack(parts: list[Part], readme: str, made_at: datetime) -> IO[bytes]:
    """The zip, to be read from its beginning; it is gone once it is closed. No row is asked for."""
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  (whoever sends it closes it)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        for name, text in [("README.txt", readme), *_files(parts)]:
            entry = zipfile.ZipInfo(name, made_at.timetuple()[:6])
            entry.external_attr = 0o600 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(entry, text)
    file.seek(0)
    return file


def _files(parts: list[Part]) -> list[tuple[str, str]]:
    return [
        file for part in parts for file in ((f"{part.name}.json", as_json(part)), (f"{part.name}.csv", as_csv(part)))
    ]


def as_json(part: Part) -> str:
    return json.dumps(part.rows, ensure_ascii=False, indent=2, default=_plain) + "\n"


def as_csv(part: Part) -> str:
    """With a mark that tells Excel it is UTF-8; empty when there is nothing."""
    out = io.StringIO()
    if part.rows:
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(part.rows[0])
        writer.writerows([guarded(cell) for cell in row.values()] for row in part.rows)
    return "\ufeff" + out.getvalue()


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{value!r} has no place in JSON")
