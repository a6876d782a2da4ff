"""What every form shares. No tokens: blueprints/security.py guards every change at once."""

from flask import request
from wtforms import Form as PlainForm
from wtforms import StringField


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
