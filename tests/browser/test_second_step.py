"""A second factor set up, used and turned off with the script switched off, at both widths, by day and by night."""

import re
import time

import pyotp
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.steps import PICTURES, field, path_of, sign_in
from tests.browser.test_every_page import assert_accessible

STEP = 30  # seconds


def look(page: Page, name: str, script: bool) -> None:
    if not script:
        return  # nothing can be asked of such a page, and it looks the same
    for width, scheme in ((390, "light"), (1280, "light"), (390, "dark"), (1280, "dark")):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 844})
        page.screenshot(path=PICTURES / f"{name}-{width}-{scheme}.png", full_page=True)
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320, f"{name} has to be pushed sideways"
    page.set_viewport_size({"width": 1280, "height": 844})
    page.evaluate(Axe().axe_script)
    assert_accessible(page)


def test_a_second_factor_needs_no_script(page, magazine, script):
    page.goto("/account/login?next=/account/second-factor")
    sign_in(page, magazine, "patron")
    page.get_by_role("button", name="Set it up").click()
    app = pyotp.TOTP(page.locator(".secret code").inner_text().replace(" ", ""))
    expect(page.get_by_role("img", name="The secret for your app")).to_be_visible()
    picture = page.request.get("/account/second-factor/qr.svg")
    assert picture.status == 200 and picture.headers["content-type"] == "image/svg+xml"
    look(page, "second-factor-set-up", script)
    field(page, "code").fill(app.now())
    page.get_by_role("button", name="Turn it on").click()
    shown = page.locator(".recovery-codes code")
    expect(shown).to_have_count(10)
    codes = shown.all_inner_texts()
    look(page, "recovery-codes", script)
    with page.expect_download() as file:
        page.get_by_role("button", name="Download as text").click()
    assert all(code in file.value.path().read_text() for code in codes)
    page.get_by_role("link", name="I have kept them").click()
    look(page, "second-factor-on", script)

    page.goto("/account/logout")
    page.locator("main").get_by_role("button", name="Sign out").click()
    page.goto("/account/login?next=/account/second-factor")
    sign_in(page, magazine, "patron")
    assert path_of(page) == "/account/second-step"
    look(page, "second-step", script)
    field(page, "code").fill("000000")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("This code does not fit")
    field(page, "code").fill(app.at(time.time() + STEP))
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page).to_have_url(re.compile("/account/second-factor$"))
    page.get_by_role("button", name="Turn it off").click()
    expect(page.get_by_role("status")).to_contain_text("is off")
