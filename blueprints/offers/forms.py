"""What a buyer fills in."""

import hashlib
import secrets

from wtforms import BooleanField, HiddenField, RadioField
from wtforms.validators import Length

from blueprints.forms import EmailLine, Form, Line
from models import Edition, Offer
from models.pricing import normal_code


class CheckoutForm(Form):
    """An edition, a code, an address, the consent. `attempt` is new on every shown page, and tells a double click."""

    edition = RadioField("Edition", choices=[], validate_choice=False)
    code = Line("Code", validators=[Length(max=64, message="A code is shorter than that.")])
    email = EmailLine("Your e-mail")
    consent = BooleanField("Send me the file at once. I know that I can then no longer withdraw within 14 days.")
    attempt = HiddenField(default=lambda: secrets.token_urlsafe(12))

    @classmethod
    def of(cls, offer: Offer, **shown: object) -> "CheckoutForm":
        form = cls.posted(**shown)
        form.edition.choices = {edition.slug: edition.name for edition in offer.editions}
        return form

    def complete(self, edition: Edition | None) -> bool:
        """Whether it can be ordered from. A free edition asks for nothing; what is paid for, address and consent."""
        valid = self.validate()
        if edition is None:
            self.refuse("edition", "Choose an edition.")
            return False
        if edition.price.minor and not self.email.data:
            self.refuse("email", "Write your e-mail address. The download and the receipt go there.")
        if edition.price.minor and not self.consent.data:
            self.refuse("consent", "Tick the box to go on. We send the file at once, so the law wants you to say so.")
        return valid and not self.errors

    def attempt_key(self, edition: Edition) -> str | None:
        """The same for every copy of one click; None when the form carried no `attempt`."""
        if not self.attempt.data:
            return None
        said = (self.attempt.data, self.email.data or "", edition.public_id, normal_code(self.code.data or ""))
        return hashlib.sha256("\n".join(said).encode()).hexdigest()
