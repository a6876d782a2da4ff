"""Fields that only the desk has."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import available_timezones

from flask import current_app
from wtforms import DateTimeLocalField, Field, SelectMultipleField, StringField, TextAreaField, ValidationError

from blueprints.filters import local
from blueprints.forms import Form, Line

TO_THE_MINUTE = "%Y-%m-%dT%H:%M"  # as browsers send it
EARLIEST, LATEST = 1000, 9000  # years that every time zone's clock can show


class Text(TextAreaField):
    """Several lines, with the line ends of a file and without NUL, which PostgreSQL refuses."""

    data: str

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        self.data = (self.data or "").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


class Words(Line):
    """One line, trimmed and without NUL."""

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata([value.replace("\0", "") for value in valuelist])
        self.data = self.data or ""


class LocalTime(DateTimeLocalField):
    """An instant, written in the magazine's own time zone to the minute."""

    def __init__(self, label: str, validators: list | None = None, **kwargs: object) -> None:
        super().__init__(label, validators, format=[TO_THE_MINUTE, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"], **kwargs)

    def process_data(self, value: datetime | None) -> None:
        self.data = local(value) if value else None

    def process_formdata(self, valuelist: list[str]) -> None:
        typed = [value.strip() for value in valuelist]
        try:
            super().process_formdata(typed)
        except ValueError as wrong:
            raise ValueError("This is no date and time. Write it as 2026-11-24 07:30.") from wrong
        if self.data is None:
            return
        if not EARLIEST < self.data.year < LATEST:
            self.data = None
            raise ValueError("This year cannot be right. Write the date as 2026-11-24 07:30.")
        self.data = self.data.replace(tzinfo=current_app.config["ZONE"])

    def instant(self, before: datetime | None = None) -> datetime | None:
        """The instant meant; the exact one from `before` when the minute was left as it was shown."""
        if self.data is None:
            return None
        shown = local(before).strftime(TO_THE_MINUTE) if before else ""
        return before if shown == self.data.strftime(TO_THE_MINUTE) else self.data.astimezone(UTC)


class Names(Words):
    """Names parted by commas. `names` is the list of them."""

    def process_data(self, value: list[str] | None) -> None:
        self.data = ", ".join(value or [])

    @property
    def names(self) -> list[str]:
        return list(dict.fromkeys(name.strip() for name in (self.data or "").split(",") if name.strip()))


class InOrder(SelectMultipleField):
    """Several choices, each in a box of its own, in the order of the boxes; empty boxes do not count."""

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata([value for value in valuelist if value])

    def boxes(self, spare: int = 2) -> Iterator[str]:
        """What each box shows; `spare` empty ones at the end."""
        yield from (str(value) for value in self.data or [])
        yield from [""] * spare


class Percent(StringField):
    """A share from 1 to 100 per cent; `data` is in whole basis points, 3000 for 30 %."""

    def process_data(self, value: int | None) -> None:
        self.data = value

    def _value(self) -> str:
        return self.raw_data[0] if self.raw_data else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        typed = valuelist[0].strip().removesuffix("%").strip().replace(",", ".") if valuelist else ""
        try:
            basis_points = Decimal(typed) * 100
            whole = int(basis_points)
        except (ArithmeticError, ValueError) as wrong:
            raise ValueError("Write a percentage in figures, such as 30 or 12.5.") from wrong
        if not 100 <= basis_points <= 10_000 or whole != basis_points:
            raise ValueError("A code takes off 1 to 100 per cent, with at most two decimals.")
        self.data = whole


def known_zone(_form: Form, field: Field) -> None:
    if field.data and field.data not in available_timezones():
        raise ValidationError("We do not know this time zone. Write it as Asia/Shanghai.")
