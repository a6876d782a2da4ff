"""What every form shares. No tokens: blueprints/security.py guards every change at once."""

import re

from flask import request
from wtforms import Form as PlainForm
from wtforms import StringField, TextAreaField
from wtforms.validators import ValidationError
from wtforms.widgets import EmailInput

from models.account import normal_email

LARGEST_ID = 2**31 - 1  # that PostgreSQL takes for the id of a row


def trimmed(text: str | None) -> str:
    return (text or "").strip()


class Form(PlainForm):
    """A form bound to what was posted, if anything was."""

    @classmethod
    def posted(cls, **kwargs: object) -> "Form":
        """The form with what the browser sent; empty on a GET."""
        return cls(request.form if request.method == "POST" else None, **kwargs)

    def submitted(self) -> bool:
        """Whether this is a post and its shape is right."""
        return request.method == "POST" and self.validate()

    def refuse(self, name: str, sentence: str) -> None:
        """Show a rule's refusal beside a field."""
        field = self._fields[name]
        field.errors = [*field.errors, sentence]


class Line(StringField):
    """One line of text, white space trimmed."""

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist:
            self.data = trimmed(valuelist[0])


class EmailLine(Line):
    """An e-mail address as models.account.normal_email gives it; may be left out."""

    widget = EmailInput()
    SHAPE = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]{2,}")

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        self.data = normal_email(self.data or "")

    def pre_validate(self, form: PlainForm) -> None:
        if self.data and (len(self.data) > 254 or not self.SHAPE.fullmatch(self.data)):
            raise ValidationError("This is not a whole e-mail address. Write it as in name@example.org.")


class Lines(TextAreaField):
    """Several lines, with the line ends of a file; white space around them goes."""

    def process_formdata(self, valuelist: list[str]) -> None:
        typed = valuelist[0] if valuelist else ""
        self.data = typed.replace("\r\n", "\n").replace("\r", "\n").rstrip().lstrip("\n")


def printable(_form: PlainForm, field: Line) -> None:
    """A line that can be shown, and put at the head of a letter."""
    if not (field.data or "").isprintable():
        raise ValidationError("There is a sign in it that cannot be shown. Write it anew.")


class AtMost:
    """Says by how much a text is too long."""

    def __init__(self, most: int) -> None:
        self.most = most

    def __call__(self, _form: PlainForm, field: Lines) -> None:
        over = len(field.data or "") - self.most
        if over > 0:
            raise ValidationError(f"This is too long by {over:,} characters. {self.most:,} are the most.")
