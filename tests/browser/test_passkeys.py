"""Passkeys in a real browser, whose virtual authenticator signs as a phone would: made, used, removed, refused."""

import base64
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.browser.conftest import PATIENCE
from tests.browser.steps import PICTURES, field, letter, sign_in
from tests.browser.test_every_page import assert_accessible
from tests.browser.watching import Watch
from tests.launched import Magazine


class Device:
    """A browser window with an authenticator that holds discoverable keys and knows its owner."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wire: CDPSession = page.context.new_cdp_session(page)
        self.wire.send("WebAuthn.enable")
        kind = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
        made = self.wire.send(
            "WebAuthn.addVirtualAuthenticator",
            {"options": {**kind, "isUserVerified": True, "automaticPresenceSimulation": True}},
        )
        self.id = made["authenticatorId"]

    def keys(self) -> list[dict]:
        return self.wire.send("WebAuthn.getCredentials", {"authenticatorId": self.id})["credentials"]

    def know_owner(self, known: bool) -> None:
        self.wire.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": known})

    def take(self, key: dict) -> None:
        self.wire.send("WebAuthn.addCredential", {"authenticatorId": self.id, "credential": key})

    def lose(self, key: dict) -> None:
        given = {"authenticatorId": self.id, "credentialId": key["credentialId"]}
        self.wire.send("WebAuthn.removeCredential", given)


@pytest.fixture
def open_here(chromium: Browser, magazine: Magazine) -> Iterator[Callable[..., Page]]:
    """Opens a page at `localhost`: a key needs a name, and 127.0.0.1 is none. A refusal of a key is no complaint."""
    home = f"http://localhost:{magazine.port}"
    watch, windows = Watch({home}), []

    def open_one(**options: object) -> Page:
        window = chromium.new_context(base_url=home, locale="en-GB", **options)
        windows.append(window)
        window.set_default_timeout(PATIENCE)
        page = window.new_page()
        watch.over(page)
        return page

    yield open_one
    for window in windows:
        window.close()
    assert [told for told in watch.complaints if not re.match("422 POST .*/account/passkeys", told)] == []


@pytest.fixture
def device(open_here: Callable[..., Page]) -> Device:
    return Device(open_here())


def in_with_password(page: Page, magazine: Magazine, who: str, next_path: str = "") -> None:
    page.goto(f"/account/login?next={next_path}")
    sign_in(page, magazine, who)


def arrive(page: Page, path: str) -> None:
    expect(page).to_have_url(re.compile(rf":\d+{path}$"))


def sign_out(page: Page) -> None:
    page.goto("/account/logout")
    page.locator("main").get_by_role("button", name="Sign out").click()
    arrive(page, "/")


def add_passkey(page: Page, name: str) -> None:
    page.goto("/account/passkeys")
    field(page, "name").fill(name)
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.locator(".kept")).to_contain_text(name)


def remove_passkey(page: Page, name: str) -> None:
    page.goto("/account/passkeys")
    page.get_by_role("link", name=f"Rename or remove {name}", exact=True).click()
    page.get_by_role("button", name="Remove this passkey").click()
    expect(page.locator(".kept").filter(has_text=name)).to_have_count(0)


def make_time_pass(magazine: Magazine) -> None:
    """As if everybody had signed in an hour ago."""
    with closing(sqlite3.connect(magazine.data / "masthead.db", timeout=30)) as rows, rows:
        rows.execute("UPDATE sign_in SET proved_at = datetime(proved_at, '-1 hour')")


def ready_to_sign(page: Page) -> None:
    """The device answers at once, so the autofill would too: it is taken away to press the button oneself."""
    page.add_init_script("delete PublicKeyCredential.isConditionalMediationAvailable")
    page.goto("/account/login?next=/account/name")


def test_a_passkey_is_made_signs_in_is_removed_and_then_refused(device: Device, magazine: Magazine, open_page):
    page = device.page
    in_with_password(page, magazine, "reader", "/account/passkeys")
    add_passkey(page, "My phone")
    [key] = device.keys()
    assert key["rpId"] == "localhost" and key["isResidentCredential"]
    assert re.fullmatch(rb"[A-Za-z0-9_-]{22}", base64.b64decode(key["userHandle"])), "random, and no address"
    letter(open_page(), "reader@upstairs.example", "A passkey was added")

    sign_out(page)
    ready_to_sign(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    arrive(page, "/account/name")
    page.goto("/account/passkeys")
    expect(page.locator(".kept")).to_contain_text(re.compile(r"used \d"))
    remove_passkey(page, "My phone")

    sign_out(page)
    ready_to_sign(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("We do not know this passkey")
    assert urlsplit(page.url).path == "/account/login"
    device.lose(key)


def test_the_browser_offers_passkeys_where_the_email_is_typed(device: Device, magazine: Magazine):
    page = device.page
    in_with_password(page, magazine, "reader")
    add_passkey(page, "Offered")
    sign_out(page)
    page.goto("/account/login?next=/account/name")  # the virtual device chooses at once
    arrive(page, "/account/name")
    remove_passkey(page, "Offered")


def test_one_device_makes_one_key_and_a_closed_question_is_no_error_of_ours(device: Device, magazine: Magazine):
    page = device.page
    in_with_password(page, magazine, "reader")
    add_passkey(page, "Only one")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("holds a passkey for your account already")
    device.know_owner(False)
    sign_out(page)
    ready_to_sign(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("No passkey was used")
    device.know_owner(True)
    page.get_by_role("button", name="Sign in with a passkey").click()
    arrive(page, "/account/name")
    remove_passkey(page, "Only one")


def test_a_copy_of_a_key_is_told_by_its_counter(device: Device, magazine: Magazine, open_page):
    page = device.page
    in_with_password(page, magazine, "reader")
    add_passkey(page, "Copied")
    [old] = device.keys()
    sign_out(page)
    ready_to_sign(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    arrive(page, "/account/name")
    sign_out(page)
    device.lose(old)
    device.take(old | {"signCount": 0})
    ready_to_sign(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("went back, as that of a copy does")
    letter(open_page(), "reader@upstairs.example", "We refused your passkey")
    sign_in(page, magazine, "reader")
    remove_passkey(page, "Copied")


def test_after_a_while_a_passkey_confirms_who_one_is(device: Device, magazine: Magazine):
    page = device.page
    in_with_password(page, magazine, "reader")
    add_passkey(page, "Confirms")
    make_time_pass(magazine)
    page.goto("/account/passkeys")
    expect(page.get_by_role("button", name="Add a passkey")).to_have_count(0)
    page.get_by_role("link", name="Confirm it is you").click()
    page.get_by_role("button", name="Use a passkey").click()
    arrive(page, "/account/passkeys")
    expect(page.get_by_role("button", name="Add a passkey")).to_be_visible()
    remove_passkey(page, "Confirms")


def test_without_script_or_at_another_address_nothing_is_offered(open_page, open_here, magazine: Magazine):
    page = open_here(java_script_enabled=False)
    page.goto("/account/login")
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_have_count(0)
    other = open_page()
    other.goto("/account/login?next=/account/passkeys")
    expect(other.locator("form[data-passkey]")).to_have_count(0)
    sign_in(other, magazine, "reader")
    expect(other.locator("main")).to_contain_text(f"at http://localhost:{magazine.port}")


def test_the_pages_of_keys_are_sound(device: Device, magazine: Magazine):
    page = device.page
    in_with_password(page, magazine, "reader")
    add_passkey(page, "Looked at")
    one = page.get_by_role("link", name="Rename or remove Looked at").get_attribute("href")
    pages = {"passkeys": "/account/passkeys", "passkey": one, "confirm": "/account/confirm?next=/account/passkeys"}
    for name, address in pages.items():
        look(page, name, address)
    remove_passkey(page, "Looked at")
    sign_out(page)
    look(page, "login-passkey", "/account/login")


def look(page: Page, name: str, address: str) -> None:
    """As tests/browser/test_every_page.py looks at the others."""
    page.goto(address)
    page.evaluate(Axe().axe_script)
    for width, scheme in ((390, "light"), (1280, "light"), (390, "dark"), (1280, "dark")):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 844})
        page.screenshot(path=PICTURES / f"{name}-{width}-{scheme}.png", full_page=True)
        assert_accessible(page)
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320, f"{address} has to be pushed sideways"
    page.set_viewport_size({"width": 1280, "height": 844})
