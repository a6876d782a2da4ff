"""What the desk's page of an institution takes; the rules of domains and ranges are in models/institution.py."""

import re

from wtforms import Field, HiddenField, ValidationError
from wtforms.validators import DataRequired, InputRequired, Length

from blueprints.desk.fields import LocalTime, Text, Words
from blueprints.forms import EmailLine, Form
from models import Institution

MOST_SEATS = 1_000_000


class InstitutionForm(Form):
    name = Words("Name", [DataRequired("It has no name yet. Readers will see it."), Length(max=200)])
    seats = Words("Seats")
    ends_at = LocalTime("Ends", [InputRequired("Write when it ends.")])
    contact = EmailLine("Contact’s e-mail")
    domains = Text("E-mail domains", [Length(max=5000)])
    ranges = Text("Addresses of its network", [Length(max=5000)])
    note = Text("Note", [Length(max=2000)])
    before = HiddenField()

    @classmethod
    def of(cls, row: Institution | None, before: str) -> "InstitutionForm":
        return cls.posted(data=(as_typed(row) if row else {}) | {"before": before})

    def validate_seats(self, field: Field) -> None:
        if not re.fullmatch("[0-9]{1,7}", field.data) or not 1 <= int(field.data) <= MOST_SEATS:
            raise ValidationError("Write how many seats were bought, as a whole number from 1.")


def as_typed(row: Institution) -> dict[str, object]:
    """The row as the form shows it."""
    lists = {name: "\n".join(map(str, getattr(row, name))) for name in ("domains", "ranges")}
    plain = {name: getattr(row, name) for name in ("name", "ends_at", "contact", "note")}
    return plain | lists | {"seats": str(row.seats)}
