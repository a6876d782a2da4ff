"""What the account's pages ask for."""

import re

from flask import current_app
from wtforms import BooleanField, HiddenField, PasswordField, ValidationError
from wtforms.validators import InputRequired, Length

from blueprints.forms import EmailLine, Form, Line, printable
from blueprints.login import LONGEST_PASSWORD
from models.passkey import LONGEST_NAME
from models.passwords import SHORTEST, refusal

PASSWORD_NEEDED = InputRequired("The password is missing. Write it here.")


def not_longer(most: int) -> Length:
    return Length(max=most, message=f"This is too long. {most} characters are the most.")


NOT_TOO_LONG = not_longer(LONGEST_PASSWORD)


def email_line() -> EmailLine:
    return EmailLine(
        "Your e-mail", [InputRequired("Your e-mail is missing. Write it here.")], render_kw={"autocomplete": "email"}
    )


def new_password(label: str) -> PasswordField:
    return PasswordField(
        label, [PASSWORD_NEEDED, NOT_TOO_LONG], render_kw={"autocomplete": "new-password", "minlength": SHORTEST}
    )


def name_line() -> Line:
    return Line(
        "Name",
        [not_longer(80), printable],
        render_kw={"autocomplete": "name"},
    )


class LoginForm(Form):
    email = email_line()
    password = PasswordField("Password", [PASSWORD_NEEDED], render_kw={"autocomplete": "current-password"})
    remember = BooleanField("Stay signed in on this device", default=True)
    next = HiddenField()


class ChoosesPassword(Form):
    """A form with a new password, which must not be what everybody may know of its owner."""

    owner, owner_name = "", ""  # e-mail and name; the view says whose

    def validate_password(self, field: PasswordField) -> None:
        about = self.owner, self.owner_name, current_app.config["SITE_NAME"]
        sentence = refusal(field.data or "", about)
        if sentence:
            raise ValidationError(sentence)


class RegisterForm(ChoosesPassword):
    email = email_line()
    password = new_password("Password")
    name = name_line()
    next = HiddenField()

    def validate_password(self, field: PasswordField) -> None:
        self.owner, self.owner_name = self.email.data or "", self.name.data or ""
        super().validate_password(field)


class EmailForm(Form):
    """Asks for a letter."""

    email = email_line()
    next = HiddenField()


class CodeForm(Form):
    """The six digits of a letter; spaces between them do no harm."""

    code = Line(
        "Code",
        [InputRequired("The code is missing. It stands in the letter, six digits.")],
        render_kw={"autocomplete": "one-time-code", "inputmode": "numeric", "size": 8},
    )

    def validate_code(self, field: Line) -> None:
        field.data = "".join(sign for sign in field.data or "" if not sign.isspace() and sign != "-")
        if not re.fullmatch("[0-9]{6}", field.data):
            raise ValidationError("A code has six digits. Look at the letter once more.")


class ResetForm(ChoosesPassword):
    password = new_password("New password")


class PasswordForm(ChoosesPassword):
    current = PasswordField("Current password", [PASSWORD_NEEDED], render_kw={"autocomplete": "current-password"})
    password = new_password("New password")


class ConfirmForm(Form):
    """The password once more."""

    password = PasswordField("Password", [PASSWORD_NEEDED], render_kw={"autocomplete": "current-password"})
    next = HiddenField()


class AppForm(Form):
    """The six digits of an app; what is left out does not fit, as what is wrong does not."""

    code = Line(
        "Code from your app",
        render_kw={"autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": 20, "spellcheck": "false"},
    )


class StepForm(AppForm):
    """The second step: a code of the app, or one of the recovery codes."""

    recovery = Line(
        "Recovery code",
        render_kw={"autocomplete": "off", "maxlength": 60, "spellcheck": "false", "autocapitalize": "none"},
    )


class PasskeyForm(Form):
    name = Line("Name", [not_longer(LONGEST_NAME), printable])


class AddressForm(Form):
    """A new address, and the password that says it is really the owner who asks."""

    email = EmailLine("New address", [InputRequired("The new address is missing. Write it here.")])
    current = PasswordField("Your password", [PASSWORD_NEEDED], render_kw={"autocomplete": "current-password"})


class NameForm(Form):
    name = name_line()
