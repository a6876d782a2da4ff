"""The offers, the offer page, and the way to the checkout."""

from datetime import datetime

from flask import Blueprint, abort, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import errors, login
from blueprints.offers.forms import CheckoutForm
from blueprints.offers.placing import begun, open_checkout, place
from blueprints.offers.sums import Sums, reckon
from blueprints.payments import gateway
from models import Code, Edition, Offer, Order, Picture, utcnow
from models.checkout import CHECKOUT_LIFE
from models.pricing import DiscountRefused

bp = Blueprint("offers", __name__)


@bp.get("/offers")
def index() -> ResponseReturnValue:
    offers = [(offer, Picture.by_key(offer.cover_key)) for offer in Offer.active()]
    response = make_response(render_template("offers/index.html", offers=offers))
    return login.share(response)


@bp.get("/offers/<slug>")
def show(slug: str) -> ResponseReturnValue:
    """Reads only: a link that is forwarded or opened by a mail scanner uses nothing up."""
    offer, reader = Offer.by_slug(slug) or abort(404), login.account()
    typed = request.args.get("code", "").strip()[:64]
    chosen = offer.edition(request.args.get("edition")) or _first_choice(offer)
    form = CheckoutForm.of(offer, code=typed, edition=chosen.slug, email=reader.email if reader else "")
    sums = reckon(offer, chosen, typed, utcnow())
    return _page(offer, form, sums, by_link=bool(typed))


@bp.get("/offers/<slug>/checkout")
def back_to_offer(slug: str) -> ResponseReturnValue:
    """For who reloads the address that forms are sent to."""
    return redirect(url_for(".show", slug=slug), code=303)


@bp.post("/offers/<slug>/checkout")
def checkout(slug: str) -> ResponseReturnValue:
    offer, now = Offer.by_slug(slug) or abort(404), utcnow()
    form = CheckoutForm.of(offer)
    edition = offer.edition(form.edition.data)
    complete = request.form.get("action") != "quote" and form.complete(edition)
    if complete and edition and (order := begun(form.attempt_key(edition), now)):
        return _go_on(order)
    sums = reckon(offer, edition or _first_choice(offer), form.code.data or "", now)
    if not complete or edition is None or (sums.refusal and edition.price.minor):
        return _page(offer, form, sums)
    if _is_more_than_shown(edition, sums):
        return _page(offer, form, sums, changed=True)
    try:
        return _go_on(_place(edition, form, sums, now))
    except DiscountRefused as refused:
        form.refuse("code", str(refused))
        return _page(offer, form, reckon(offer, edition, "", now))


def _place(edition: Edition, form: CheckoutForm, sums: Sums, now: datetime) -> Order:
    reader = login.account()
    return place(
        edition,
        sums.code if edition.price.minor else None,
        sums.quotes[edition.slug],
        email=form.email.data or "",
        account_id=reader.id if reader else None,
        attempt_key=form.attempt_key(edition),
        now=now,
    )


def _go_on(order: Order) -> ResponseReturnValue:
    """To the payment page, or to the order's own where it is paid."""
    if order.is_paid:
        return redirect(url_for("orders.show", public_id=order.public_id), code=303)
    try:
        return redirect(open_checkout(order), code=303)
    except (gateway.GatewayUnavailable, gateway.QuoteMismatch) as error:
        return errors.payments_down(error)


@bp.get("/go/<offer_slug>")
def go(offer_slug: str) -> ResponseReturnValue:
    """The short address for print and speech: the offer, with the code that is meant for readers."""
    offer = Offer.by_slug(offer_slug) or abort(404)
    edition = offer.paid_edition
    code = Code.for_readers(edition.id, utcnow()) if edition else None
    return redirect(url_for(".show", slug=offer.slug, code=code.text if code else None), code=302)


def _first_choice(offer: Offer) -> Edition:
    return offer.paid_edition or (offer.editions[0] if offer.editions else abort(404))


def _facts(offer: Offer) -> list[tuple[str, list[str]]]:
    """The rows of the table: a label, and what each edition has of it."""
    labels = dict.fromkeys(label for edition in offer.editions for label in edition.facts)
    pages = ("Pages", [str(edition.pages) for edition in offer.editions])
    return [pages, *((label, [str(e.facts.get(label, "")) for e in offer.editions]) for label in labels)]


def _is_more_than_shown(edition: Edition, sums: Sums) -> bool:
    """Whether the price rose, or the code went, after the page was made. Nobody pays more than the page said."""
    shown = request.form.get(f"shown-{edition.slug}", "")
    return shown.isdecimal() and int(shown[:18]) < sums.quotes[edition.slug].total.minor


def _page(
    offer: Offer, form: CheckoutForm, sums: Sums, *, by_link: bool = False, changed: bool = False
) -> ResponseReturnValue:
    if sums.refusal:
        form.refuse("code", sums.refusal)
    response = make_response(
        render_template(
            "offers/offer.html",
            offer=offer,
            form=form,
            sums=sums,
            by_link=by_link,
            changed=changed,
            facts=_facts(offer),
            applies_to=sums.chosen if sums.chosen.price.minor else offer.paid_edition,
            cover=Picture.by_key(offer.cover_key),
            hold_minutes=CHECKOUT_LIFE.seconds // 60 - 1,
            sandbox=current_app.config["SANDBOX"],
        )
    )
    # Each page has an attempt of its own, so nobody shares it; the browser keeps it, so Back finds the same one.
    response.headers["Cache-Control"] = "private, no-cache"
    return response
