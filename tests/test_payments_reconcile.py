"""What never arrived is found, and what was forgotten is closed; neither ever twice."""

from datetime import timedelta

import pytest

from blueprints.payments import gateway, reconciling
from models import Payment, Redemption, StripeEvent, begin_write, db, utcnow
from models.code import RedemptionState
from models.order import OrderStatus
from models.patronage import DonationStatus
from tests.makers import make_code, make_offer
from tests.paying import begin_gift, begin_order, events, letters, pay, tell


@pytest.fixture
def settings(settings, sandbox):
    return settings | {"STRIPE_API_BASE": sandbox.base}


@pytest.fixture
def offer(app):
    return make_offer()


def later():
    """When every checkout begun now should be over, though Stripe's clock has not moved."""
    return utcnow() + timedelta(minutes=45)


def state(order) -> RedemptionState:
    return db.session.scalars(db.select(Redemption.state).where(Redemption.order_id == order.id)).one()


def test_webhooks_that_never_came_are_made_good_once(sandbox, offer):
    order, url = begin_order(offer, make_code(offer))
    pay(sandbox, url)
    gift, url = begin_gift()
    pay(sandbox, url)
    first, second = (reconciling.reconcile(utcnow()) for _ in range(2))
    assert order.is_paid
    assert gift.status is DonationStatus.PAID
    assert state(order) is RedemptionState.USED
    assert sorted(letter.letter for letter in letters()) == ["receipt-gift", "receipt-order"]
    assert len(db.session.scalars(db.select(Payment)).all()) == 2
    assert first.events == len(events(sandbox))
    assert (second.events, second.failed) == (0, 0)


def test_a_webhook_after_the_repair_changes_nothing(client, sandbox, offer):
    order, url = begin_order(offer)
    pay(sandbox, url)
    reconciling.reconcile(utcnow())
    tell(client, *events(sandbox))
    assert len(Payment.of_order(order.id)) == len(letters()) == 1


def test_an_old_event_that_stripe_could_not_deliver_is_found(client, sandbox, offer):
    """Newer events have arrived since, so that the last two hours say nothing of it."""
    sandbox.v1.webhook_endpoints.create({"url": "http://127.0.0.1:9/hook", "enabled_events": ["invoice.paid"]})
    gift, url = begin_gift()
    pay(sandbox, url)
    told = [event for event in events(sandbox) if event["type"] != "invoice.paid"]
    tell(client, *told)
    begin_write()
    db.session.execute(db.update(StripeEvent).values(created=utcnow() + timedelta(hours=5)))
    db.session.commit()
    assert Payment.of_donations([gift.id]) == []
    assert reconciling.reconcile(utcnow()).events == 1
    assert len(Payment.of_donations([gift.id])) == len(letters("receipt-gift")) == 1


def test_a_forgotten_checkout_is_closed_at_stripe_first_and_then_here(sandbox, offer):
    order, _ = begin_order(offer, make_code(offer))
    gift, _ = begin_gift("once")
    assert reconciling.reconcile(utcnow()).over == 0
    assert order.status is OrderStatus.PENDING
    report = reconciling.reconcile(later())
    assert report.over == 2
    assert (order.status, gift.status, state(order)) == (
        OrderStatus.EXPIRED,
        DonationStatus.EXPIRED,
        RedemptionState.RELEASED,
    )
    assert {session.status for session in sandbox.v1.checkout.sessions.list().data} == {"expired"}


def test_a_checkout_paid_in_the_last_second_is_not_given_up(sandbox, offer):
    order, url = begin_order(offer, make_code(offer))
    pay(sandbox, url)
    report = reconciling.Report()
    reconciling.sweep(type(order), order.public_id, later(), report)
    assert (report.paid, report.over) == (1, 0)
    assert (order.status, state(order)) == (OrderStatus.PAID, RedemptionState.USED)
    assert reconciling.reconcile(later()).failed == 0
    assert len(letters()) == len(Payment.of_order(order.id)) == 1


@pytest.mark.parametrize("paid", [True, False])
def test_a_checkout_whose_id_we_died_before_noting_is_found_by_the_row_it_names(sandbox, offer, paid):
    order, url = begin_order(offer, make_code(offer), session=False)
    gift, gift_url = begin_gift("once", session=False)
    if paid:
        pay(sandbox, url)
        pay(sandbox, gift_url)
    for row in (order, gift):
        reconciling.sweep(type(row), row.public_id, later(), reconciling.Report())
    assert (order.status.value, gift.status.value) == (("paid",) * 2 if paid else ("expired",) * 2)
    assert state(order) is (RedemptionState.USED if paid else RedemptionState.RELEASED)
    assert "open" not in {session.status for session in sandbox.v1.checkout.sessions.list().data}


def test_a_row_stripe_never_heard_of_is_closed(sandbox, offer):
    code = make_code(offer)
    order, _ = begin_order(offer, code)
    begin_write()
    other = db.session.merge(order)
    other.checkout_session, other.public_id = None, "never-got-that-far"
    db.session.commit()
    report = reconciling.reconcile(later())
    assert report.over == 1
    assert state(order) is RedemptionState.RELEASED


def test_one_object_that_cannot_be_read_does_not_keep_the_others_from_being_repaired(sandbox, offer):
    first, url = begin_order(offer)
    pay(sandbox, url)
    second, url = begin_order(offer)
    pay(sandbox, url)
    sandbox.backstage(
        "faults", {"kind": "status", "prefix": f"/v1/checkout/sessions/{first.checkout_session}", "remaining": 3}
    )
    report = reconciling.reconcile(utcnow())
    assert (first.is_paid, second.is_paid) == (False, True)
    assert report.failed == 1
    assert "tried again: 1" in str(report)
    assert reconciling.reconcile(utcnow()).failed == 0
    assert first.is_paid


def test_without_stripe_it_says_so(app):
    app.extensions["gateway"].key = ""
    app.extensions["gateway"].__dict__.pop("_v1", None)
    with pytest.raises(gateway.GatewayUnavailable):
        reconciling.reconcile(utcnow())


def test_the_command_says_what_it_found(app, sandbox, offer):
    _, url = begin_order(offer)
    pay(sandbox, url)
    said = app.test_cli_runner().invoke(args=["reconcile"])
    assert said.exit_code == 0
    assert said.output.startswith("New events: ")


def test_a_slow_bank_is_not_swept_away(sandbox, offer):
    import requests

    from models.money import Money

    order, url = begin_order(
        offer, make_code(offer), list_price=Money(40000, "EUR"), saving=Money(12000, "EUR"), total=Money(28000, "EUR")
    )
    typed = {"email": "robin@example.org", "name": "Robin Aldermeer", "outcome": "waits"}
    requests.post(f"{url}/later", typed, allow_redirects=False, timeout=10)
    report = reconciling.reconcile(later())
    assert (report.waiting, report.over) == (1, 0)
    assert (order.status, state(order)) == (OrderStatus.PENDING, RedemptionState.HELD)
