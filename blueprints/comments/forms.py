"""What a reply consists of."""

import re

from wtforms import HiddenField, ValidationError
from wtforms.validators import Length

from blueprints.forms import LARGEST_ID, AtMost, EmailLine, Form, Line, Lines, printable
from models import Account
from models.small_markdown import says_something, small

LONGEST = 5_000  # characters


class ReplyForm(Form):
    """`homepage` is a trap: people do not see it, and machines fill it in."""

    name = Line("Name", [Length(max=80, message="This is too long. 80 characters are the most."), printable])
    email = EmailLine("E-mail")
    body = Lines("Reply", [AtMost(LONGEST)])
    parent = HiddenField()
    homepage = Line()

    def validate_body(self, field: Lines) -> None:
        if not field.errors and not says_something(small(field.data or "")):
            raise ValidationError("There is nothing to read in it yet. Write your reply here.")

    def fits(self, who: Account | None) -> bool:
        """Whether all is there that this writer must give: we know who is signed in."""
        valid = self.submitted()
        if who:
            self.email.errors = []
            return not self.errors
        for name, sentence in {
            "name": "The name is missing. Write what you want to be called here.",
            "email": "The e-mail address is missing. Nobody but the editors sees it.",
        }.items():
            if not self[name].data and not self[name].errors:
                self.refuse(name, sentence)
                valid = False
        return valid

    def answers(self) -> int | None:
        """The id of the reply that this one answers; 0 for what cannot be one, None if it stands by itself."""
        typed = (self.parent.data or "").strip()
        if not typed:
            return None
        return int(typed) if re.fullmatch("[0-9]{1,10}", typed) and int(typed) <= LARGEST_ID else 0
