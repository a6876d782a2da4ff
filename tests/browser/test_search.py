"""Looking for a story as people do: from any page, with script and without, to the story itself."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.steps import PICTURES, field

SIZES = {"390": {"width": 390, "height": 844}, "1280": {"width": 1280, "height": 900}}
STATES = {
    "search-hits": "/search?q=人质",
    "search-many": "/search?q=the&category=society",
    "search-near": "/search?q=Coureir",
    "search-long": "/search?q=" + "long+" * 60,
    "search-lost": "/2019/03/the-courier-who-answered-all-reviews",
}
VIOLATIONS = """axe.run({resultTypes: ["violations"]}).then(
  found => found.violations.map(rule => [rule.id, rule.nodes.map(node => node.html)])
)"""


def ask(page: Page, words: str) -> None:
    field(page, "q").fill(words)
    field(page, "q").press("Enter")


def test_a_reader_finds_a_story_from_another_page(page: Page, picture: Callable[[Page, str], None]) -> None:
    page.goto("/about")
    page.get_by_role("link", name="Search").locator("visible=true").click()
    expect(field(page, "q")).to_be_focused()
    ask(page, "沙发")
    results = page.locator("#results > li")
    expect(results).to_have_count(1)
    expect(results.locator("mark").first).to_have_text("沙发")
    expect(results.locator("span[lang=zh]").first).to_be_visible()
    picture(page, "search-found")
    results.get_by_role("link", name="A short history of the sofa").click()
    expect(page).to_have_url(re.compile("/articles/a-short-history-of-the-sofa$"))


def test_results_are_narrowed_and_widened_again(page: Page) -> None:
    page.goto("/search?q=the")
    results = page.locator("#results > li")
    all_of_them = results.count()
    page.get_by_text("Narrow it down").click()
    page.get_by_label("Section", exact=True).select_option(label="Culture")
    page.get_by_role("button", name="Search").click()
    expect(page).to_have_url(re.compile("category=culture"))
    expect(page.get_by_label("Section", exact=True)).to_have_value("culture")
    kickers = results.locator(".kicker")
    assert 0 < kickers.count() < all_of_them
    assert {text.casefold() for text in kickers.all_inner_texts()} == {"culture"}
    page.get_by_role("link", name="Look in all sections").click()
    expect(results).to_have_count(all_of_them)


def test_a_long_list_goes_on(page: Page) -> None:
    page.goto("/search?q=the")
    first = page.locator("#results h3").all_inner_texts()
    page.get_by_role("link", name="More stories").click()
    more = page.locator("#results h3").all_inner_texts()
    assert more and not set(first) & set(more)
    page.get_by_role("link", name="Back to the first").click()
    assert page.locator("#results h3").all_inner_texts() == first


def test_a_slip_is_put_right(page: Page) -> None:
    page.goto("/search")
    ask(page, "Coureir")
    expect(page.locator("#results")).to_have_count(0)
    page.get_by_role("link", name="courier", exact=True).click()
    expect(page.locator("#results > li").first).to_contain_text("The courier who answered every review")


def test_an_address_that_is_not_there_leads_to_the_story(page: Page) -> None:
    assert page.goto("/2019/03/the-courier-who-answered-all-reviews").status == 404
    expect(field(page, "q")).to_have_value("the courier who answered all reviews")
    page.locator("main").get_by_role("link", name="The courier who answered every review").click()
    expect(page).to_have_url(re.compile("/articles/the-courier-who-answered-every-review$"))


@pytest.mark.parametrize("name", STATES)
def test_each_state_is_accessible_and_no_wider_than_the_screen(open_page: Callable[..., Page], name: str) -> None:
    page = open_page(viewport=SIZES["390"])
    page.goto(STATES[name])
    page.evaluate(Axe().axe_script)
    PICTURES.mkdir(exist_ok=True)
    for wide, size in SIZES.items():
        page.set_viewport_size(size)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=PICTURES / f"{name}-{wide}-{scheme}.png", full_page=True)
            assert page.evaluate(VIOLATIONS) == [], (name, wide, scheme)
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
