"""A patron gives a story by a link, and somebody who has never been here reads it, with script and without."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.steps import PICTURES, sign_in
from tests.browser.test_every_page import assert_sound
from tests.launched import Magazine

SLUG = "the-village-that-livestreams-its-accounts"
STORY = f"/articles/{SLUG}"


def patron(open_page: Callable[..., Page], magazine: Magazine, **options: object) -> Page:
    page = open_page(**options)
    page.goto("/account/login")
    sign_in(page, magazine, "patron")
    return page


def given(page: Page) -> str:
    """The path of a new link to the story, made as a patron makes one."""
    page.goto(STORY)
    page.get_by_role("link", name="Give this story").click()
    page.get_by_label("Tell them that it comes from me").check()
    page.get_by_role("button", name="Make the link").click()
    address = urlsplit(page.get_by_label("Send this address").input_value())
    return f"{address.path}?{address.query}"


def is_open(page: Page) -> None:
    expect(page.locator(".wall")).to_have_count(0)
    expect(page.locator(".apparatus")).to_be_visible()
    expect(page.locator(".count")).to_contain_text("a patron, gave you this story. It does not count.")


def test_a_stranger_reads_what_a_patron_gave(open_page, magazine, script, picture) -> None:
    giver = patron(open_page, magazine, java_script_enabled=script)
    link = given(giver)
    picture(giver, "gift-link")
    token = link.partition("gift=")[2]

    asked: list[str] = []
    reader = open_page(java_script_enabled=script)
    reader.on("request", lambda request: asked.extend([request.url, request.headers.get("referer", "")]))
    reader.goto("/about")
    reader.goto(link)
    if script:
        expect(reader).to_have_url(re.compile(f"{STORY}$"))
    else:
        expect(reader.locator("#wall")).to_contain_text("a patron, gave you this story.")
        picture(reader, "gift-wall")
        reader.get_by_role("button", name="Read this story").click()
        expect(reader).to_have_url(re.compile(f"{STORY}/read"))
    is_open(reader)
    picture(reader, "gift-open")
    assert len([url for url in asked if token in url]) == 1, "the page itself, and nothing that it asked for"

    reader.reload()
    is_open(reader)
    reader.goto("/about")
    reader.go_back()
    is_open(reader)
    reader.goto(STORY)
    if not script:
        reader.get_by_role("link", name="Open a gift link").click()
        reader.get_by_role("link", name="Read it").click()
    is_open(reader)
    reader.goto(link)  # once more from the letter
    is_open(reader)

    giver.goto("/account/gifts")
    row = giver.locator(".kept li").first
    expect(row).to_contain_text("opened by 1 reader")
    row.get_by_role("button", name="Take back").click()
    expect(giver.locator(".kept li").first).to_contain_text("taken back")

    late = open_page(java_script_enabled=script)
    late.goto(link)
    expect(late.locator(".wall")).to_contain_text("This gift link was taken back.")
    expect(late.locator(".apparatus")).to_have_count(0)
    late.get_by_role("link", name="Open a gift link").click()
    late.get_by_label("The link that you were sent").fill(given(giver))
    late.get_by_role("button", name="Open the story").click()
    is_open(late)


def test_a_tab_behind_does_not_open_and_does_not_lose_it(open_page, magazine) -> None:
    link = given(patron(open_page, magazine))
    reader = open_page()
    reader.add_init_script("Object.defineProperty(document, 'visibilityState', { get: () => window.seen || 'hidden' })")
    reader.goto(link)
    expect(reader).to_have_url(re.compile(f"{STORY}$"))
    reader.reload()  # as a browser does with tabs it has put to sleep
    expect(reader.locator(".wall")).to_be_visible()
    reader.evaluate("window.seen = 'visible'; document.dispatchEvent(new Event('visibilitychange'))")
    is_open(reader)


def test_the_gifts_wall_is_sound_and_so_are_the_links_page_and_the_feeds(open_page, magazine) -> None:
    PICTURES.mkdir(exist_ok=True)
    giver = patron(open_page, magazine, viewport={"width": 390, "height": 844})
    link = given(giver)
    assert_sound(giver, "account-gift", urlsplit(giver.url).path)
    assert_sound(giver, "account-gifts-some", "/account/gifts")
    giver.goto("/account/feeds")
    giver.get_by_role("button", name=re.compile("Make")).first.click()
    assert_sound(giver, "account-feeds-some", "/account/feeds")
    feed = giver.get_by_label("RSS").input_value()
    assert "<content:encoded>" in giver.request.get(feed).text()
    assert_sound(open_page(java_script_enabled=True), "gift-opened", link)


def test_the_desk_makes_one_for_a_campaign(open_page, magazine, script) -> None:
    page = open_page(java_script_enabled=script)
    page.goto("/account/login")
    sign_in(page, magazine, "editor")
    page.goto(f"/desk/gifts?of={SLUG}")
    page.get_by_label("Note").fill("For the fair")
    page.get_by_role("button", name="Make the link").click()
    row = page.locator("tr.waits")
    expect(row).to_contain_text("For the fair")
    expect(row.get_by_role("button", name="Copy")).to_have_count(1 if script else 0)
    reader = open_page(java_script_enabled=False)
    reader.goto(row.get_by_label("Address of the link").input_value())
    expect(reader.locator("#wall")).to_have_text("Upstairs gave you this story.")
    if script:
        page.goto("/desk/gifts")
        page.evaluate(Axe().axe_script)
        assert_sound(page, "desk-gifts-some", "/desk/gifts")
