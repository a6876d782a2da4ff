"""Who counts as a member: an address that somebody proved. Else any number of accounts would open the archive."""

from flask import Flask
from flask.testing import FlaskClient

from models.metering import FRESH_A_DAY, Access
from tests.conftest import browser
from tests.makers import make_account, make_article, sign_in


def stories(number: int) -> list[str]:
    return [f"/articles/{make_article(access=Access.METERED).slug}/read" for _ in range(number)]


def ask(client: FlaskClient, address: str) -> dict:
    return client.post(address, headers={"Accept": "application/json"}).json


def test_an_account_whose_address_nobody_proved_reads_as_a_visitor_does(app: Flask, client: FlaskClient) -> None:
    sign_in(client, make_account(verified=False))
    said = [ask(client, address) for address in stories(4)]
    assert [each["access"] for each in said] == ["open"] * 3 + ["used-up"]
    assert "Confirm your address" in said[-1]["html"]
    member = browser(app)
    sign_in(member, make_account())
    assert [ask(member, address)["access"] for address in stories(7)] == ["open"] * 6 + ["used-up"]


def test_new_accounts_of_one_network_are_capped_as_new_visitors_are(app: Flask) -> None:
    [address] = stories(1)
    for _ in range(FRESH_A_DAY):
        assert ask(browser(app), address)["access"] == "open"
    registered, member = browser(app), browser(app)
    sign_in(registered, make_account(verified=False))
    assert ask(registered, address)["access"] == "crowded"
    sign_in(member, make_account())
    assert ask(member, address)["access"] == "open", "signing in does open it"
