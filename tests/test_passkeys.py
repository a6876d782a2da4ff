"""Passkeys without a browser: what a challenge is good for, for whom is signed, and what is refused."""

import base64
import json
from datetime import timedelta

import pytest

from blueprints.accounts.ceremonies import ADD, ENTER, LIFE, NotSigned, new_challenge, spend_challenge
from blueprints.accounts.relying_party import of_site
from models import Passkey
from models.passkey import counts_on
from tests.accounts_tools import visit
from tests.makers import NOON, keep, make_account, sign_in

JSON = {"Accept": "application/json"}


@pytest.mark.parametrize(
    ("stored", "signed", "right"),
    [(0, 0, True), (0, 1, True), (5, 6, True), (5, 5, False), (5, 0, False), (5, 4, False)],
)
def test_a_counter_goes_on_or_is_not_kept_at_all(stored, signed, right):
    assert counts_on(stored, signed) is right


@pytest.mark.parametrize(
    ("site_url", "id_", "origin"),
    [
        ("https://upstairs.example", "upstairs.example", "https://upstairs.example"),
        ("http://127.0.0.1:5000", "localhost", "http://localhost:5000"),
        ("https://upstairs.example:8443", "upstairs.example", "https://upstairs.example:8443"),
    ],
)
def test_keys_are_tied_to_the_name_of_the_site(site_url, id_, origin):
    party = of_site(site_url, "Upstairs")
    assert party is not None and (party.id, party.origin) == (id_, origin)


def test_a_number_is_no_name():
    assert of_site("https://192.0.2.7", "Upstairs") is None


def test_a_challenge_is_good_once(app):
    challenge = new_challenge(ENTER, "", "browser", NOON)
    spend_challenge(challenge, ENTER, "", "browser", NOON + LIFE - timedelta(seconds=1))
    with pytest.raises(NotSigned):
        spend_challenge(challenge, ENTER, "", "browser", NOON + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("purpose", "whose", "browser", "after"),
    [
        pytest.param(ADD, "", "browser", timedelta(), id="another purpose"),
        pytest.param(ENTER, "kim", "browser", timedelta(), id="another person"),
        pytest.param(ENTER, "", "another", timedelta(), id="another browser"),
        pytest.param(ENTER, "", "browser", LIFE, id="too late"),
    ],
)
def test_a_challenge_is_good_for_nothing_else(app, purpose, whose, browser, after):
    challenge = new_challenge(ENTER, "", "browser", NOON)
    with pytest.raises(NotSigned):
        spend_challenge(challenge, purpose, whose, browser, NOON + after)


@pytest.mark.parametrize("forged", [b"", b"x" * 56, bytes(24), bytes(200)])
def test_a_challenge_of_ones_own_is_refused(app, forged):
    with pytest.raises(NotSigned):
        spend_challenge(forged, ENTER, "", "browser", NOON)


@pytest.mark.parametrize(
    "sent", [None, "", "[]", "null", "{}", '{"response": 1}', '{"response": {"clientDataJSON": "e30"}}', "[" * 5000]
)
def test_nonsense_is_refused_in_a_sentence(app, sent):
    reply = visit(app).post("/account/passkeys/enter", data={"credential": sent} if sent else {}, headers=JSON)
    assert reply.status_code == 422 and "could not check" in reply.json["error"]


def test_a_right_challenge_without_a_signature_lets_nobody_in_and_is_spent(app):
    reader, browser = make_account(), visit(app)
    keep(Passkey(account_id=reader.id, credential_id="a2V5", public_key=b"no key", name="Phone"))
    asked = browser.post("/account/passkeys/ask", headers=JSON).json
    assert asked["rpId"] == "localhost" and asked["userVerification"] == "required" and asked["allowCredentials"] == []
    client = {"type": "webauthn.get", "challenge": asked["challenge"], "origin": "http://localhost:5000"}
    told = base64.urlsafe_b64encode(json.dumps(client).encode()).decode().rstrip("=")
    parts = {"clientDataJSON": told, "authenticatorData": "AA", "signature": "AA"}
    sent = json.dumps({"id": "a2V5", "rawId": "a2V5", "type": "public-key", "response": parts})
    replies = [browser.post("/account/passkeys/enter", data={"credential": sent}, headers=JSON) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [422, 422]
    assert "could not check" in replies[0].json["error"] and "sent twice" in replies[1].json["error"]
    assert browser.get("/account").status_code == 303


def test_somebody_elses_passkey_is_neither_shown_nor_changed(app):
    owner, other, browser = make_account(), make_account(), visit(app)
    key = keep(Passkey(account_id=owner.id, credential_id="a2V5", public_key=b"", name="Phone"))
    address = f"/account/passkeys/{key.public_id}"
    sign_in(browser, other)
    assert browser.get(address).status_code == 404
    assert browser.post(address, data={"name": "Mine"}).status_code == 404
    assert browser.post(f"{address}/remove").status_code == 404
    assert "Phone" not in browser.get("/account/passkeys").text
