"""Every page, a visitor's and those behind the sign-in: accessible, never wider than the screen, no inline style."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.steps import PICTURES, field, sign_in
from tests.launched import Magazine

VISITORS = {
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
    "search": "/search?q=微博",
    "search-finds": "/search?q=沙发",
    "search-empty": "/search",
    "archive": "/archive",
    "archive-month": "/archive/2026/11",
    "glossary": "/glossary",
    "series": "/series/small-words",
    "in-a-series": "/articles/what-lying-flat-meant-before-it-meant-anything",
    "contribute": "/contribute",
    "gift": "/articles/the-village-that-livestreams-its-accounts/gift",
    "gift-unknown": "/articles/the-village-that-livestreams-its-accounts?gift=none",
    "correction": "/articles/everyone-is-photographing-the-same-grey-door/corrections",
    "replies-form": "/articles/everyone-is-photographing-the-same-grey-door/comments",
    "about": "/about",
    "contact": "/contact",
    "privacy": "/privacy",
    "terms": "/terms",
    "refunds": "/refunds",
    "donate": "/donate",
    "patrons-ledger": "/patrons",
    "offers": "/offers",
    "offer": "/offers/china-internet-report?code=WHATSONWEIBO30",
    "offer-refused": "/offers/china-internet-report?code=LASTYEAR20",
    "login": "/account/login",
    "register": "/account/register",
    "link": "/account/link",
    "link-code": "/account/link/code",
    "forgot": "/account/forgot",
    "mail": "/mail",
    "not-found": "/no-such-page",
}
PATRONS = {
    "account": "/account",
    "account-name": "/account/name",
    "account-password": "/account/password",
    "account-email": "/account/email",
    "account-passkeys": "/account/passkeys",
    "account-second-factor": "/account/second-factor",
    "account-confirm": "/account/confirm",
    "account-needed": "/account/second-factor/needed",
    "account-sessions": "/account/sessions",
    "account-saved": "/account/saved",
    "account-history": "/account/history",
    "account-gifts": "/account/gifts",
    "account-give": "/account/gifts/new?story=the-village-that-livestreams-its-accounts",
    "account-feeds": "/account/feeds",
    "account-export": "/account/export",
    "account-delete": "/account/delete",
    "account-logout": "/account/logout",
    "account-story": "/articles/the-village-that-livestreams-its-accounts",
}
EDITORS = {
    "desk": "/desk",
    "desk-story": "/desk/articles/1",
    "desk-new": "/desk/articles/new",
    "desk-board": "/desk/board",
    "desk-codes": "/desk/codes",
    "desk-money": "/desk/money",
    "desk-publication": "/desk/publication",
    "desk-staff": "/desk/staff",
    "desk-sections": "/desk/sections",
    "desk-pages": "/desk/pages",
    "desk-comments": "/desk/comments",
    "desk-comments-approved": "/desk/comments?state=approved",
    "desk-corrections": "/desk/corrections?state=accepted",
    "desk-contributions": "/desk/contributions",
    "desk-pictures": "/desk/pictures",
    "desk-picture": "/desk/pictures/1",
    "desk-series": "/desk/series",
    "desk-series-one": "/desk/series/1",
    "desk-series-new": "/desk/series/new",
    "desk-gifts": "/desk/gifts",
    "desk-redirects": "/desk/redirects",
    "desk-glossary": "/desk/glossary",
    "desk-term": "/desk/glossary/1",
    "desk-institutions": "/desk/institutions",
    "desk-institution-new": "/desk/institutions/new",
}
# Even those further down, which otherwise wait for the reader; it fails where one cannot be shown.
EVERY_PICTURE_LOADS = """Promise.all([...document.images].map(image => {
  image.loading = "eager";
  return image.decode();
}))"""
VIOLATIONS = """axe.run({resultTypes: ["violations"]}).then(
  found => found.violations.map(rule => [rule.id, rule.nodes.map(node => node.html)])
)"""


@pytest.fixture
def phone(open_page: Callable[..., Page]) -> Page:
    PICTURES.mkdir(exist_ok=True)
    return open_page(viewport={"width": 390, "height": 844})


@pytest.mark.parametrize("name", VISITORS)
def test_a_visitors_page_is_sound_on_phones_and_desks_by_day_and_by_night(phone, name):
    assert_sound(phone, name, VISITORS[name], 404 if name == "not-found" else 200)


@pytest.mark.parametrize(("who", "pages"), [("patron", PATRONS), ("editor", EDITORS)])
def test_pages_behind_the_sign_in_are_sound_too(phone, magazine: Magazine, who, pages):
    phone.goto("/account/login")
    sign_in(phone, magazine, who)
    for name, address in pages.items():
        assert_sound(phone, name, address)


def test_the_form_that_answers_a_reply_is_sound(phone):
    phone.goto(VISITORS["free"])
    assert_sound(phone, "reply-form", phone.get_by_role("link", name="Answer Guowei").get_attribute("href"))


def test_a_liveblogs_console_is_sound(phone, magazine: Magazine):
    phone.goto("/account/login")
    sign_in(phone, magazine, "editor")
    phone.goto("/desk")
    story = phone.locator("main").get_by_role("link", name="Who keeps the blue helmets honest?").first
    assert_sound(phone, "desk-console", story.get_attribute("href") + "/live")


def assert_sound(page: Page, name: str, address: str, status: int = 200) -> None:
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 390, "height": 844})
    reply = page.goto(address)
    assert reply.status == status
    assert " style=" not in reply.text()
    page.evaluate(EVERY_PICTURE_LOADS)
    page.evaluate(Axe().axe_script)
    page.screenshot(path=PICTURES / f"{name}-390.png", full_page=True)
    assert_accessible(page)

    page.set_viewport_size({"width": 1280, "height": 900})
    page.screenshot(path=PICTURES / f"{name}-1280.png", full_page=True)
    page.emulate_media(color_scheme="dark")
    assert_accessible(page)

    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320, f"{address} has to be pushed sideways"


def assert_accessible(page: Page) -> None:
    assert page.evaluate(VIOLATIONS) == [], page.url


def test_the_menu_of_phones_needs_no_script(open_page):
    page = open_page(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    page.goto("/about")
    sections = page.get_by_role("link", name="Society")
    expect(sections.first).not_to_be_visible()
    page.get_by_text("Menu", exact=True).locator("visible=true").click()
    sections.locator("visible=true").click()
    expect(page).to_have_url(re.compile("/category/society$"))


def test_a_story_prints_without_what_only_a_screen_needs(open_page):
    page = open_page()
    page.goto(VISITORS["free"])
    page.emulate_media(media="print")
    expect(page.locator("article .text")).to_be_visible()
    for part in (".support", ".colophon__links", ".demonstration"):
        expect(page.locator(part)).not_to_be_visible()


def test_the_desk_is_closed_to_readers(open_page, magazine: Magazine):
    page = open_page()
    page.goto("/account/login")
    sign_in(page, magazine, "reader")
    assert page.goto("/desk").status == 403
    expect(field(page, "source")).to_have_count(0)
