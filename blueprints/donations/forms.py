"""What a giver fills in."""

import hashlib
import secrets

from wtforms import HiddenField, RadioField

from blueprints.forms import EmailLine, Form, Line
from models.money import Money, NotAnAmount, parse
from models.patronage import BOUNDS, SUGGESTED, Frequency

NAMES = {Frequency.ONCE: "A single gift", Frequency.MONTH: "A monthly gift", Frequency.YEAR: "A yearly gift"}


class GiftForm(Form):
    """The rhythm, one of the suggested sums or a sum of one's own, and an address. `attempt` tells a double click."""

    frequency = RadioField(
        "How often",
        default=Frequency.MONTH.value,
        validate_choice=False,
        choices={
            Frequency.ONCE.value: "Once",
            Frequency.MONTH.value: "Each month",
            Frequency.YEAR.value: "Each year",
        },
    )
    suggested = RadioField("How much", choices=[], validate_choice=False)
    amount = Line("Another amount")
    currency = HiddenField()
    email = EmailLine("Your e-mail")
    attempt = HiddenField(default=lambda: secrets.token_urlsafe(12))

    def rhythm(self) -> Frequency:
        """The chosen one, or the usual where none or nonsense was sent."""
        known = {frequency.value: frequency for frequency in Frequency}
        return known.get(self.frequency.data or "", Frequency.MONTH)

    def offer_sums(self, currency: str) -> None:
        """Show the sums that go with the chosen rhythm; the middle one is chosen where nothing else is."""
        self.frequency.data = self.rhythm().value
        sums = suggestions(currency)[self.frequency.data]
        self.suggested.choices = dict(sums)
        if not self.amount.data and self.suggested.data not in dict(sums):
            self.suggested.data = sums[1][0]
        self.currency.data = currency

    def gift(self, currency: str) -> Money | None:
        """The sum to give; None when there is an error beside the field. What was written wins over what was chosen."""
        if self.frequency.data not in {frequency.value for frequency in Frequency}:
            self.refuse("frequency", "Choose how often.")
            return None
        if (self.currency.data or currency).upper() != currency:
            self.refuse("amount", f"We can take gifts in {currency} only.")
            return None
        chosen = self.suggested.data if self.suggested.data in dict(sum(suggestions(currency).values(), [])) else ""
        typed = self.amount.data or chosen
        if not typed:
            self.refuse("amount", "Choose an amount, or write your own.")
            return None
        try:
            return self._within_bounds(parse(typed, currency))
        except NotAnAmount as error:
            self.refuse("amount", str(error))
            return None

    def _within_bounds(self, gift: Money) -> Money | None:
        low, high = (parse(str(major), gift.currency) for major in BOUNDS[self.rhythm()])
        if low <= gift <= high:
            return gift
        self.refuse("amount", f"{NAMES[self.rhythm()]} can be from {low} to {high}. Write another amount.")
        return None

    def attempt_key(self, gift: Money) -> str | None:
        """The same for every copy of one click; None when the form carried no `attempt`."""
        if not self.attempt.data:
            return None
        said = (self.attempt.data, self.email.data or "", self.rhythm().value, str(gift.minor), gift.currency)
        return hashlib.sha256("\n".join(said).encode()).hexdigest()


def suggestions(currency: str) -> dict[str, list[tuple[str, str]]]:
    """For each rhythm the sums we suggest: what is sent, and what is read."""
    return {
        frequency.value: [(str(major), parse(str(major), currency).short) for major in majors]
        for frequency, majors in SUGGESTED.items()
    }
