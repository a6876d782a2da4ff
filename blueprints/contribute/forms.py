"""What a reader fills in to write to the desk."""

from wtforms import RadioField, ValidationError
from wtforms.validators import Length

from blueprints.forms import AtMost, EmailLine, Form, Line, Lines, printable
from models.contribution import ContributionKind
from models.small_markdown import says_something

LONGEST = 20_000  # characters


def name_line() -> Line:
    return Line(
        "Your name",
        [Length(max=80, message="This is too long. 80 characters are the most."), printable],
        render_kw={"autocomplete": "name", "maxlength": 80},
    )


def email_line() -> EmailLine:
    return EmailLine("Your e-mail", render_kw={"autocomplete": "email"})


def filled(_form: Form, field: Lines) -> None:
    if not says_something(field.data or ""):
        raise ValidationError("This is empty. Write it here.")


class TipForm(Form):
    """`homepage` is a trap: people do not see it, and machines fill it in."""

    kind = RadioField(
        "What it is",
        choices={ContributionKind.TIP.value: "A tip", ContributionKind.PITCH.value: "A pitch"},
        default=ContributionKind.TIP.value,
    )
    subject = Line(
        "Subject",
        [filled, Length(max=200, message="This is too long. 200 characters are the most."), printable],
        render_kw={"maxlength": 200},
    )
    body = Lines("What you know, or want to write", [filled, AtMost(LONGEST)], render_kw={"rows": 12})
    name = name_line()
    email = email_line()
    homepage = Line()

    def validate_email(self, field: EmailLine) -> None:
        if self.kind.data == ContributionKind.PITCH.value and not field.data:
            raise ValidationError("The e-mail address is missing. A pitch needs one, so that we can answer.")


class CorrectionForm(Form):
    body = Lines("What is wrong, and what is right", [filled, AtMost(LONGEST)], render_kw={"rows": 8})
    name = name_line()
    email = email_line()
    homepage = Line()
