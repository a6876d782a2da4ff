"""Idempotency keys, and what the chaos switches for calls prove about them."""

import threading
import time
from typing import Any

import pytest
import requests
import stripe

from tests.sandbox_tools import KEY, Running, client, running, session_data, until


@pytest.fixture
def sandbox(tmp_path):
    with running(tmp_path) as sandbox:
        yield sandbox


def key(name: str) -> dict[str, Any]:
    return {"idempotency_key": name}


def test_the_first_reply_comes_again(sandbox: Running) -> None:
    v1 = sandbox.v1
    first = v1.customers.create({"email": "a@b.example"}, key("k"))
    again = v1.customers.create({"email": "a@b.example"}, key("k"))
    assert again.id == first.id
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert again.last_response.request_id == first.last_response.request_id
    assert again.last_response.body == first.last_response.body
    assert len(v1.customers.list().data) == 1


def test_a_key_belongs_to_its_parameters_and_its_address(sandbox: Running) -> None:
    v1 = sandbox.v1
    v1.customers.create({"email": "a@b.example"}, key("k"))
    with pytest.raises(stripe.IdempotencyError):
        v1.customers.create({"email": "c@d.example"}, key("k"))
    with pytest.raises(stripe.IdempotencyError):
        v1.products.create({"name": "x"}, key("k"))
    with pytest.raises(stripe.IdempotencyError):
        v1.products.create({"name": "x"}, key("k" * 256))


def test_a_declined_card_comes_again_and_charges_once(sandbox: Running) -> None:
    data = {
        "amount": 500,
        "currency": "usd",
        "payment_method": "pm_card_visa_chargeDeclined",
        "confirm": True,
    }
    told = []
    for _ in range(2):
        with pytest.raises(stripe.CardError) as refused:
            sandbox.v1.payment_intents.create(data, key("k"))
        told.append(refused.value.error.charge)
    assert told[0] == told[1]
    assert len(sandbox.v1.charges.list().data) == 1


def test_a_call_refused_for_its_parameters_may_be_mended(sandbox: Running) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        sandbox.v1.payment_intents.create({"amount": 1, "currency": "usd"}, key("k"))
    assert sandbox.v1.payment_intents.create({"amount": 500, "currency": "usd"}, key("k")).amount == 500


def test_keys_are_forgotten_after_a_day(tmp_path) -> None:
    now = [1_800_000_000.0]
    with running(tmp_path, clock=lambda: now[0]) as sandbox:
        first = sandbox.v1.customers.create({}, key("k"))
        now[0] += 24 * 3600 + 1
        assert sandbox.v1.customers.create({}, key("k")).id != first.id


def test_a_second_call_while_the_first_runs_is_told_so(sandbox: Running) -> None:
    sandbox.backstage("faults", {"kind": "slow", "seconds": 1.2, "method": "POST", "prefix": "/v1/customers"})
    made: list[Any] = []
    thread = threading.Thread(target=lambda: made.append(client(sandbox.base).v1.customers.create({}, key("k"))))
    thread.start()
    until(lambda: not requests.get(f"{sandbox.base}/_sandbox/faults", timeout=10).json()["faults"])
    time.sleep(0.1)
    with pytest.raises(stripe.APIError) as refused:
        sandbox.v1.customers.create({}, key("k"))
    assert refused.value.http_status == 409
    assert refused.value.json_body["error"]["code"] == "idempotency_key_in_use"
    thread.join()
    assert sandbox.v1.customers.create({}, key("k")).id == made[0].id


def test_many_calls_with_one_key_make_one_object(sandbox: Running) -> None:
    ids: set[str] = set()

    def create() -> None:
        ids.add(client(sandbox.base, retries=5).v1.customers.create({}, key("k")).id)

    threads = [threading.Thread(target=create) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 1
    assert len(sandbox.v1.customers.list().data) == 1


# Faults


def test_a_connection_cut_after_the_commit_leaves_one_object(sandbox: Running) -> None:
    sandbox.backstage("faults", {"kind": "cut_after", "method": "POST", "prefix": "/v1/checkout/sessions"})
    with pytest.raises(stripe.APIConnectionError):
        sandbox.v1.checkout.sessions.create(session_data(), key("order:pay:1"))
    again = sandbox.v1.checkout.sessions.create(session_data(), key("order:pay:1"))
    assert [one.id for one in sandbox.v1.checkout.sessions.list().data] == [again.id]


def test_a_connection_cut_before_leaves_nothing_and_the_client_tries_again(sandbox: Running) -> None:
    sandbox.backstage("faults", {"kind": "cut_before", "method": "POST"})
    with pytest.raises(stripe.APIConnectionError):
        sandbox.v1.customers.create({})
    assert sandbox.v1.customers.list().data == []
    sandbox.backstage("faults", {"kind": "cut_after", "method": "POST"})
    patient = client(sandbox.base, retries=2)
    patient.v1.customers.create({})
    assert len(sandbox.v1.customers.list().data) == 1


@pytest.mark.parametrize(
    ("status", "error"), [(500, stripe.APIError), (429, stripe.RateLimitError), (503, stripe.APIError)]
)
def test_the_next_calls_answer_as_told(sandbox: Running, status: int, error: type[Exception]) -> None:
    sandbox.backstage("faults", {"kind": "status", "status": status, "remaining": 2, "prefix": "/v1/products"})
    for _ in range(2):
        with pytest.raises(error):
            sandbox.v1.products.create({"name": "x"})
    assert sandbox.v1.products.create({"name": "x"}).id
    assert len(sandbox.v1.products.list().data) == 1


def test_a_500_comes_again_for_its_key(sandbox: Running) -> None:
    sandbox.backstage("faults", {"kind": "status", "status": 500})
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            sandbox.v1.products.create({"name": "x"}, key("k"))
    assert sandbox.v1.products.list().data == []


def test_faults_are_seen_and_cleared(sandbox: Running) -> None:
    sandbox.backstage("faults", {"kind": "status", "status": 503, "remaining": 9})
    seen = requests.get(f"{sandbox.base}/_sandbox/faults", timeout=10).json()["faults"]
    assert [(fault["kind"], fault["status"], fault["remaining"]) for fault in seen] == [("status", 503, 9)]
    sandbox.backstage("faults/clear")
    assert sandbox.v1.customers.list().data == []
    wrong = {"kind": "flood"}
    assert requests.post(f"{sandbox.base}/_sandbox/faults", json=wrong, timeout=10).status_code == 400


def test_a_body_that_is_not_a_form(sandbox: Running) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    url = f"{sandbox.base}/v1/customers"
    assert requests.post(url, json={"email": "a@b.example"}, headers=headers, timeout=10).status_code == 400
    form = headers | {"Content-Type": "application/x-www-form-urlencoded"}
    assert requests.post(url, data=b"name=\xff\xfe", headers=form, timeout=10).status_code == 400
    assert requests.post(url, data="a[b=1", headers=form, timeout=10).status_code == 400
    assert requests.post(url, data="name=" + "x" * 2**20, headers=form, timeout=10).status_code == 413
