"""Webhook endpoints: signed, after the commit, again when refused, and odd when told to be."""

import json

import pytest
import requests
import stripe

from stripe_sandbox import deliveries
from tests.sandbox_tools import Receiver, Running, running, session_data, until


@pytest.fixture
def sandbox(tmp_path):
    with running(tmp_path) as sandbox:
        yield sandbox


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch):
    monkeypatch.setattr(deliveries, "RETRY_AFTER", (0.1, 0.1))


def endpoint(sandbox: Running, receiver: Receiver, *events: str) -> stripe.WebhookEndpoint:
    data = {"url": receiver.url, "enabled_events": list(events) or ["*"]}
    return sandbox.v1.webhook_endpoints.create(data)


def rows(sandbox: Running) -> list[dict]:
    return requests.get(f"{sandbox.base}/_sandbox/deliveries", timeout=10).json()["deliveries"]


def test_events_arrive_signed_and_in_order(sandbox: Running, receiver: Receiver) -> None:
    secret = endpoint(sandbox, receiver).secret
    session = sandbox.v1.checkout.sessions.create(session_data())
    sandbox.pay(session.url)
    until(lambda: "checkout.session.completed" in receiver.types)
    assert receiver.types == [
        "product.created",
        "price.created",
        "payment_intent.created",
        "payment_intent.succeeded",
        "charge.succeeded",
        "checkout.session.completed",
    ]
    body, signature = receiver.got[-1]
    event = stripe.Webhook.construct_event(body, signature, secret)
    assert event.data.object["id"] == session.id
    assert (event.api_version, event.livemode) == ("2026-10-28.endive", False)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body + b" ", signature, secret)
    until(lambda: sandbox.v1.events.retrieve(event.id).pending_webhooks == 0)
    assert len(sandbox.v1.events.list({"delivery_success": True}).data) == 6


def test_the_secret_is_told_once(sandbox: Running, receiver: Receiver) -> None:
    made = endpoint(sandbox, receiver, "charge.succeeded")
    assert made.secret.startswith("whsec_")
    assert "secret" not in sandbox.v1.webhook_endpoints.retrieve(made.id)
    assert "secret" not in sandbox.v1.webhook_endpoints.list().data[0]


def test_only_wanted_types_are_sent(sandbox: Running, receiver: Receiver) -> None:
    made = endpoint(sandbox, receiver, "coupon.created")
    sandbox.v1.customers.create({})
    sandbox.v1.coupons.create({"percent_off": 5})
    until(lambda: receiver.got)
    sandbox.v1.webhook_endpoints.update(made.id, {"enabled_events": ["customer.created"], "description": "x"})
    sandbox.v1.customers.create({})
    until(lambda: len(receiver.got) == 2)
    sandbox.v1.webhook_endpoints.update(made.id, {"disabled": True})
    sandbox.v1.customers.create({})
    sandbox.v1.webhook_endpoints.delete(made.id)
    sandbox.v1.customers.create({})
    assert receiver.types == ["coupon.created", "customer.created"]
    with pytest.raises(stripe.InvalidRequestError):
        sandbox.v1.webhook_endpoints.create({"url": "nowhere", "enabled_events": ["*"]})
    with pytest.raises(stripe.InvalidRequestError):
        sandbox.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["tea.made"]})


def test_a_receiver_that_fails_first_is_asked_again(sandbox: Running, receiver: Receiver) -> None:
    receiver.answers = [500, 302]
    endpoint(sandbox, receiver)
    sandbox.v1.customers.create({})
    until(lambda: rows(sandbox)[0]["state"] == "delivered")
    assert len({event["id"] for event in receiver.events}) == 1
    assert (len(receiver.got), rows(sandbox)[0]["tries"]) == (3, 3)


def test_a_receiver_that_never_answers_is_given_up_and_can_be_resent(sandbox: Running, receiver: Receiver) -> None:
    receiver.answers = [500, 500, 500]
    endpoint(sandbox, receiver)
    sandbox.v1.customers.create({})
    row = until(lambda: [row for row in rows(sandbox) if row["state"] == "failed"])[0]
    [missed] = sandbox.v1.events.list({"delivery_success": False}).data
    assert (missed.id, missed.pending_webhooks) == (row["event"], 0)
    sandbox.backstage(f"deliveries/{row['id']}/resend")
    until(lambda: len(receiver.got) == 4)
    until(lambda: not sandbox.v1.events.list({"delivery_success": False}).data)
    sandbox.backstage(f"events/{missed.id}/resend")
    until(lambda: len(receiver.got) == 5)


def test_nobody_at_the_address_does_not_hold_up_the_api(sandbox: Running) -> None:
    sandbox.v1.webhook_endpoints.create({"url": "http://127.0.0.1:9/", "enabled_events": ["*"]})
    sandbox.v1.customers.create({})
    row = until(lambda: [row for row in rows(sandbox) if row["tries"]])[0]
    assert "ConnectionRefusedError" in row["detail"]


def test_a_rolled_secret_signs_beside_the_old_one(sandbox: Running, receiver: Receiver) -> None:
    old = endpoint(sandbox, receiver)
    new = sandbox.backstage(f"webhook_endpoints/{old.id}/roll", {"overlap": 3600})["secret"]
    sandbox.v1.customers.create({})
    until(lambda: receiver.got)
    body, signature = receiver.got[0]
    assert signature.count("v1=") == 2
    for secret in (old.secret, new):
        stripe.Webhook.construct_event(body, signature, secret)


# Chaos


def test_every_event_twice(sandbox: Running, receiver: Receiver) -> None:
    endpoint(sandbox, receiver)
    sandbox.backstage("chaos", {"duplicate": True, "types": ["customer."]})
    sandbox.v1.customers.create({})
    sandbox.v1.products.create({"name": "x"})
    until(lambda: len(receiver.got) == 3)
    assert sorted(receiver.types) == ["customer.created", "customer.created", "product.created"]
    assert len({event["id"] for event in receiver.events}) == 2


def test_events_in_the_wrong_order(sandbox: Running, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "GATHER", 1.5)
    endpoint(sandbox, receiver)
    sandbox.backstage("chaos", {"reorder": True})
    sandbox.v1.customers.create({})
    sandbox.v1.products.create({"name": "x"})
    sandbox.v1.coupons.create({"percent_off": 5})
    until(lambda: len(receiver.got) == 3)
    assert receiver.types == ["coupon.created", "product.created", "customer.created"]


def test_events_that_never_come(sandbox: Running, receiver: Receiver) -> None:
    endpoint(sandbox, receiver)
    sandbox.backstage("chaos", {"drop": True, "times": 1})
    lost = sandbox.v1.customers.create({})
    until(lambda: [row for row in rows(sandbox) if row["state"] == "failed"])
    sandbox.v1.products.create({"name": "x"})
    until(lambda: receiver.got)
    assert receiver.types == ["product.created"]
    [event] = sandbox.v1.events.list({"delivery_success": False}).data
    assert event.data.object["id"] == lost.id


def test_events_that_come_late(sandbox: Running, receiver: Receiver) -> None:
    endpoint(sandbox, receiver)
    sandbox.backstage("chaos", {"delay": 1})
    sandbox.v1.customers.create({})
    until(lambda: rows(sandbox)[0]["detail"] == "held")
    assert receiver.got == []
    until(lambda: receiver.got)


@pytest.mark.parametrize("switch", ["tamper", "stale", "wrong_secret"])
def test_events_that_must_not_be_believed(sandbox: Running, receiver: Receiver, switch: str) -> None:
    secret = endpoint(sandbox, receiver).secret
    sandbox.backstage("chaos", {switch: True})
    sandbox.v1.customers.create({})
    until(lambda: receiver.got)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(*receiver.got[0], secret)
    assert sandbox.backstage("chaos") == {}


def test_the_shop_may_hear_of_it_before_the_buyer_is_back(sandbox: Running, receiver: Receiver) -> None:
    endpoint(sandbox, receiver)
    session = sandbox.v1.checkout.sessions.create(session_data())
    sandbox.backstage("chaos", {"before_redirect": True})
    sandbox.pay(session.url)
    assert "checkout.session.completed" in receiver.types


def test_the_switches_work_from_the_page_too(sandbox: Running) -> None:
    sandbox.v1.webhook_endpoints.create({"url": "http://127.0.0.1:9/", "enabled_events": ["*"]})
    sandbox.v1.customers.create({})
    form = {"duplicate": "on", "delay": "2", "times": "", "types": "charge. invoice."}
    page = requests.post(f"{sandbox.base}/_sandbox/chaos", form, headers={"Accept": "text/html"}, timeout=10)
    assert page.url == f"{sandbox.base}/_sandbox/"
    assert 'name="duplicate" checked' in page.text
    seen = requests.get(f"{sandbox.base}/_sandbox/chaos", timeout=10).json()
    assert seen == {"duplicate": True, "delay": 2.0, "types": ["charge.", "invoice."]}
    wrong = requests.post(f"{sandbox.base}/_sandbox/chaos", json={"explode": 1}, timeout=10)
    assert wrong.status_code == 400
    assert json.loads(wrong.text)["error"]["param"] == "explode"
