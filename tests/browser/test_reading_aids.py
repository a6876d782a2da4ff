"""Aids for whoever reads a story: with script, with the keyboard alone, and what is left of them without script."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser.steps import path_of, sign_in
from tests.launched import Magazine

STORY = "/articles/what-lying-flat-meant-before-it-meant-anything"
NOTE = "the text survives in many copies"
LONG = "/articles/the-courier-who-answered-every-review"  # for signed-in readers
VIOLATIONS = """axe.run({resultTypes: ["violations"]}).then(
  found => found.violations.map(rule => [rule.id, rule.nodes.map(node => node.html)])
)"""


@pytest.fixture
def reading(open_page: Callable[..., Page]) -> Page:
    page = open_page()
    page.goto(STORY)
    return page


@pytest.fixture
def signed_in(open_page: Callable[..., Page], magazine: Magazine, script: bool) -> Page:
    page = open_page(java_script_enabled=script)
    page.goto("/account/login")
    sign_in(page, magazine, "reader")
    return page


def note_mark(page: Page) -> Locator:
    return page.locator(".footnote-ref a").first


def assert_accessible(page: Page) -> None:
    page.evaluate(Axe().axe_script)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(VIOLATIONS) == [], f"{page.url} ({scheme})"


@pytest.mark.parametrize("by", ["click", "Enter"])
def test_a_reference_opens_beside_the_text_and_gives_the_focus_back(reading: Page, by: str) -> None:
    mark, bubble = note_mark(reading), reading.get_by_role("note")
    mark.scroll_into_view_if_needed()
    if by == "click":
        mark.click()
    else:
        mark.focus()
        reading.keyboard.press("Enter")
    expect(bubble).to_contain_text(NOTE)
    expect(bubble).to_be_in_viewport()
    expect(bubble).to_be_focused()
    expect(bubble.get_by_role("link", name="Back to reference")).to_have_count(0)
    expect(mark).to_have_attribute("aria-expanded", "true")
    assert "#" not in reading.url, "the text stays where it is"
    assert reading.locator("[id]").evaluate_all("all => new Set(all.map(one => one.id)).size === all.length")
    assert_accessible(reading)

    reading.keyboard.press("Escape")
    expect(bubble).to_have_count(0)
    expect(mark).to_be_focused()
    expect(mark).to_have_attribute("aria-expanded", "false")


def test_the_bubble_closes_by_its_button_and_by_a_click_elsewhere(reading: Page) -> None:
    mark, bubble = note_mark(reading), reading.get_by_role("note")
    mark.click()
    reading.keyboard.press("Tab")
    expect(bubble.get_by_role("button", name="Close")).to_be_focused()
    reading.keyboard.press("Enter")
    expect(bubble).to_have_count(0)
    expect(mark).to_be_focused()
    mark.click()
    expect(bubble).to_be_visible()
    reading.locator(".apparatus").click(position={"x": 2, "y": 2})
    expect(bubble).to_have_count(0)


def test_without_script_a_reference_is_a_jump_and_the_glossary_a_list(open_page: Callable[..., Page]) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(STORY)
    note_mark(page).click()
    expect(page.locator(":target")).to_contain_text(NOTE)
    expect(page.locator(":target")).to_be_in_viewport()
    page.get_by_text(re.compile("Chinese words? in this story")).click()
    expect(page.locator(".terms")).to_contain_text("tǎngpíng")
    for group in page.locator(".text-size").all():
        expect(group).not_to_be_visible()
    page.goto("/glossary")
    expect(page.locator("main")).to_contain_text("qúnzhǔ")


def test_words_of_the_glossary_become_buttons_once_they_are_asked_for(reading: Page) -> None:
    words = reading.locator(".text button.term")
    expect(words).to_have_count(0)
    reading.get_by_text(re.compile("Chinese words? in this story")).click()
    expect(words.first).to_have_text("躺平")
    assert words.count() >= 3
    expect(words.first).to_have_css("font-family", re.compile("Songti"))
    words.first.focus()
    reading.keyboard.press("Enter")
    bubble = reading.get_by_role("note")
    expect(bubble).to_contain_text("tǎngpíng")
    expect(bubble).to_contain_text("a refusal to compete")
    expect(bubble).to_be_focused()
    assert_accessible(reading)
    reading.keyboard.press("Escape")
    expect(words.first).to_be_focused()


def test_the_text_is_set_larger_and_stays_so(reading: Page) -> None:
    size = "Number.parseFloat(getComputedStyle(document.querySelector('.text > p')).fontSize)"
    usual = reading.evaluate(size)
    reading.get_by_role("button", name="Larger").click()
    once = reading.evaluate(size)
    reading.get_by_role("button", name="Larger").click()
    twice = reading.evaluate(size)
    assert usual < once < twice
    reading.reload()
    assert reading.evaluate(size) == twice
    reading.goto("/glossary")
    reading.goto(STORY)
    for _ in range(9):
        reading.get_by_role("button", name="Smaller").click()
    assert reading.evaluate(size) < usual
    assert_accessible(reading)
    reading.get_by_role("button", name="As it was").click()
    assert reading.evaluate(size) == usual
    reading.reload()
    assert reading.evaluate(size) == usual
    assert reading.context.cookies() == []


def test_what_is_passed_on_is_the_address_and_nothing_else(reading: Page, site: str) -> None:
    reading.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site)
    reading.get_by_text("Pass it on", exact=True).click()
    for link in reading.locator(".share a").all():
        address = link.get_attribute("href") or ""
        assert not re.search(r"utm_|fbclid|ref=|via=|source=|appkey", address), address
        assert re.search(r"articles(/|%2F)what-lying-flat-meant", address), address
    reading.get_by_role("button", name="Copy the address").click()
    expect(reading.get_by_role("button", name="The address is copied")).to_be_visible()
    assert reading.evaluate("navigator.clipboard.readText()") == site + STORY


def test_a_visitor_who_saves_a_story_is_led_to_sign_in_and_back(page: Page, magazine: Magazine) -> None:
    page.goto(STORY)
    page.get_by_role("link", name="Save for later").click()
    sign_in(page, magazine, "reader")
    assert path_of(page) == STORY
    expect(page.get_by_role("button", name="Save for later")).to_be_visible()


def test_a_reader_saves_a_story_and_takes_it_off_the_list(signed_in: Page, script: bool) -> None:
    signed_in.goto(STORY)
    signed_in.get_by_role("button", name="Save for later").click()
    assert path_of(signed_in) == STORY
    expect(signed_in.get_by_role("button", name="Saved: take off the list")).to_be_visible()
    signed_in.goto("/account/saved")
    expect(signed_in.get_by_role("heading", name="lying flat")).to_be_visible()
    if script:
        assert_accessible(signed_in)
    signed_in.get_by_role("button", name=re.compile("Take What .lying flat.* off the list")).click()
    assert path_of(signed_in) == "/account/saved"
    expect(signed_in.get_by_role("heading", name="lying flat")).to_have_count(0)


def test_a_reader_sees_what_was_read_and_erases_it(open_page: Callable[..., Page], magazine: Magazine) -> None:
    page = open_page(user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0")
    page.goto("/account/login")
    sign_in(page, magazine, "reader")
    with page.expect_response(lambda reply: reply.url.endswith(f"{STORY}/seen")):
        page.goto(STORY)
    read = page.get_by_role("heading", name="lying flat")
    for _ in range(20):
        page.goto("/account/history")
        if read.count():
            break
        page.wait_for_timeout(200)
    expect(read).to_be_visible()
    assert_accessible(page)
    page.get_by_text("Erase the whole history").click()
    page.get_by_role("button", name="Erase it all").click()
    expect(page.get_by_text("Nothing is noted.")).to_be_visible()


def test_a_story_prints_without_its_tools(reading: Page) -> None:
    reading.get_by_text(re.compile("Chinese words? in this story")).click()
    reading.locator(".text button.term").first.click()
    reading.emulate_media(media="print")
    expect(reading.locator("article .text").first).to_be_visible()
    expect(reading.locator(".references").first).to_be_visible()
    for part in (".tools", ".bubble", ".write", ".bar__all"):
        expect(reading.locator(part).first).not_to_be_visible()
    for part in ("#words", "#replies", "#corrections"):  # nothing to read under them
        expect(reading.locator(part)).not_to_be_visible()
    expect(reading.locator("#authors")).to_be_visible()
    reading.emulate_media(media="print", color_scheme="dark")
    assert reading.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)", "on white paper"


def test_a_long_story_has_a_list_of_its_parts_that_jumps(signed_in: Page) -> None:
    signed_in.goto(LONG)
    if (door := signed_in.get_by_role("button", name="Read this story")).count():  # without script
        door.click()
    parts = signed_in.get_by_role("navigation", name="In this story")
    expect(parts.get_by_role("link")).to_have_count(3)
    parts.get_by_role("link", name="The one-star club").click()
    expect(signed_in.get_by_role("heading", name="The one-star club")).to_be_in_viewport()
    assert signed_in.url.endswith("#part-2")


def test_the_glossary_is_sound_for_readers_and_at_the_desk(open_page: Callable[..., Page], magazine: Magazine) -> None:
    page = open_page(viewport={"width": 390, "height": 844})
    page.goto("/glossary")
    assert_accessible(page)
    page.goto("/account/login")
    sign_in(page, magazine, "editor")
    for address in ("/desk/glossary", "/desk/glossary/new", "/desk/glossary/1"):
        page.goto(address)
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
