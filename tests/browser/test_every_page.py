"""Every page a visitor can meet: accessible, never wider than the screen, without inline style."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.steps import PICTURES

PAGES = {
    "front": "/",
    "metered": "/articles/the-courier-who-answered-every-review",
    "members": "/articles/reading-the-board-at-3-am",
    "patrons": "/articles/the-village-that-livestreams-its-accounts",
    "free": "/articles/everyone-is-photographing-the-same-grey-door",
    "table": "/articles/twelve-ways-to-write-ha-and-when-to-stop",
    "offer-card": "/articles/what-is-in-the-china-internet-report-2026",
    "liveblog": "/articles/who-keeps-the-blue-helmets-honest",
    "category": "/category/society",
    "tag": "/tag/livestreams",
    "author": "/author/marit-olderzand",
    "popular": "/popular",
    "about": "/about",
    "contact": "/contact",
    "privacy": "/privacy",
    "terms": "/terms",
    "refunds": "/refunds",
    "donate": "/donate",
    "offers": "/offers",
    "offer": "/offers/china-internet-report?code=WHATSONWEIBO30",
    "offer-refused": "/offers/china-internet-report?code=LASTYEAR20",
    "login": "/account/login",
    "register": "/account/register",
    "link": "/account/link",
    "forgot": "/account/forgot",
    "mail": "/mail",
    "not-found": "/no-such-page",
}
# Even those further down, which otherwise wait for the reader; it fails where one cannot be shown.
EVERY_PICTURE_LOADS = """Promise.all([...document.images].map(image => {
  image.loading = "eager";
  return image.decode();
}))"""


@pytest.fixture
def phone(open_page: Callable[..., Page]) -> Page:
    PICTURES.mkdir(exist_ok=True)
    return open_page(viewport={"width": 390, "height": 844})


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_sound_on_phones_and_desks_by_day_and_by_night(phone, name):
    reply = phone.goto(PAGES[name])
    assert reply.status == (404 if name == "not-found" else 200)
    assert "style=" not in reply.text()
    phone.evaluate(EVERY_PICTURE_LOADS)
    phone.screenshot(path=PICTURES / f"{name}-390.png", full_page=True)
    assert_accessible(phone)

    phone.set_viewport_size({"width": 1280, "height": 900})
    phone.screenshot(path=PICTURES / f"{name}-1280.png", full_page=True)
    phone.emulate_media(color_scheme="dark")
    assert_accessible(phone)

    phone.set_viewport_size({"width": 320, "height": 700})
    assert phone.evaluate("document.documentElement.scrollWidth") <= 320, "it would have to be pushed sideways"


def assert_accessible(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
