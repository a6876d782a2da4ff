"""Reading on: with script the next story loads below and has its own address; without, a link leads there."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.steps import path_of

VIOLATIONS = """axe.run({resultTypes: ["violations"]}).then(
  found => found.violations.map(rule => [rule.id, rule.nodes.map(node => node.html)])
)"""
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"


def stories(page: Page):  # type: ignore[no-untyped-def]
    return page.locator("main > article")


def read_to_the_end(page: Page, place: int) -> None:
    stories(page).nth(place).evaluate("node => node.scrollIntoView({ block: 'end', behavior: 'instant' })")


def first_free(page: Page) -> None:
    """Open the story on the front page that everybody may read and that has an open one after it."""
    page.goto("/popular")
    for address in page.locator(".ranking h2 a").evaluate_all("links => links.map(link => link.pathname)"):
        page.goto(address)
        if page.locator("main > article[data-seen]").count() and page.locator("[data-next]").count():
            return  # what the meter opens is counted there, without a beacon
    pytest.fail("no open story in the demo magazine")


def test_the_next_story_loads_below_with_its_own_address(open_page) -> None:  # type: ignore[no-untyped-def]
    page = open_page(user_agent=FIREFOX)
    beacons: list[str] = []
    page.on("request", lambda request: beacons.append(request.url) if request.url.endswith("/seen") else None)
    first_free(page)
    first, title = path_of(page), page.title()
    second = page.locator("[data-next]").get_attribute("data-next")
    assert second and stories(page).count() == 1
    steps = page.evaluate("history.length")

    read_to_the_end(page, 0)
    expect(stories(page)).to_have_count(2)
    assert path_of(page) == first, "what is only near is not read yet"
    assert page.evaluate("document.activeElement === document.body"), "the focus is left alone"
    ids = page.locator("[id]").evaluate_all("all => all.map(one => one.id)")
    assert len(ids) == len(set(ids))
    page.evaluate(Axe().axe_script)
    assert page.evaluate(VIOLATIONS) == []

    stories(page).nth(1).locator("h1").scroll_into_view_if_needed()
    stories(page).nth(1).evaluate("node => node.scrollIntoView({ block: 'start', behavior: 'instant' })")
    page.wait_for_url(f"**{second}")
    assert page.title() != title and page.evaluate("history.length") == steps + 1
    headline = stories(page).nth(1).locator("h1").inner_text()
    assert headline[:20] in page.title()

    page.go_back()
    page.wait_for_url(f"**{first}")
    assert page.title() == title
    expect(stories(page).nth(0)).to_have_class("is-read")
    page.wait_for_timeout(300)
    assert path_of(page) == first, "going back is not undone by the story below"
    page.go_forward()
    page.wait_for_url(f"**{second}")

    page.reload()
    expect(stories(page).nth(0).locator("h1")).to_have_text(headline)
    sent = [url.partition("/articles/")[2] for url in beacons]
    assert sent[0] == first.removeprefix("/articles/") + "/seen", sent
    if page.locator("main > article[data-seen]").count():
        assert second.removeprefix("/articles/") + "/seen" in sent


def test_no_more_than_a_few_load_and_the_foot_can_be_reached(open_page) -> None:  # type: ignore[no-untyped-def]
    page = open_page()
    first_free(page)
    for place in range(8):
        if stories(page).count() <= place:
            break
        read_to_the_end(page, place)
        page.wait_for_timeout(500)
    assert 2 <= stories(page).count() <= 6
    page.locator("footer.colophon").scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    expect(page.locator("footer.colophon")).to_be_in_viewport()


def test_print_shows_the_story_that_is_read_alone(open_page) -> None:  # type: ignore[no-untyped-def]
    page = open_page()
    first_free(page)
    read_to_the_end(page, 0)
    expect(stories(page)).to_have_count(2)
    page.emulate_media(media="print")
    expect(stories(page).nth(0)).to_be_visible()
    expect(stories(page).nth(1)).not_to_be_visible()


def test_without_script_a_link_leads_on(open_page) -> None:  # type: ignore[no-untyped-def]
    page = open_page(java_script_enabled=False)
    first_free(page)
    link = page.locator(".next-story h3 a")
    second = link.get_attribute("href")
    link.click()
    assert path_of(page) == second
    assert stories(page).count() == 1
