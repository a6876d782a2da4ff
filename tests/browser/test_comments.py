"""Readers write under a story, send tips and corrections; an editor judges them. With script and without."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.steps import field, letter, send, sign_in

STORY = "/articles/twelve-ways-to-write-ha-and-when-to-stop"
VIOLATIONS = """part => axe.run(document.querySelector(part), {resultTypes: ["violations"]}).then(
  found => found.violations.map(rule => [rule.id, rule.nodes.map(node => node.html)])
)"""


def assert_accessible(page: Page, part: str = "html") -> None:
    page.evaluate(Axe().axe_script)
    assert page.evaluate(VIOLATIONS, part) == [], page.url
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(VIOLATIONS, part) == [], f"{page.url} in the dark"
    page.emulate_media(color_scheme="light")


@pytest.fixture
def desk(open_page, magazine, script) -> Page:
    page = open_page(viewport={"width": 390, "height": 844}, java_script_enabled=script)
    page.goto("/account/login")
    sign_in(page, magazine, "editor")
    return page


def row(desk: Page, words: str):
    return desk.get_by_role("row").filter(has_text=words)


def test_a_reader_replies_an_editor_approves_and_another_answers(page, desk, script):
    mark = "with script" if script else "without script"
    page.goto(STORY)
    page.locator(".write summary").click()
    field(page, "name").fill(f"Hanne {mark}")
    field(page, "email").fill(f"hanne.{script}@example.org".lower())
    field(page, "body").fill(f"The *first* floor {mark} 哈哈")
    send(page.locator(".write form"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Your reply has arrived.")

    desk.goto("/desk/comments")
    held = row(desk, f"floor {mark}")
    expect(held).to_contain_text("@example.org")
    if script:
        assert_accessible(desk)
    held.get_by_role("button", name="Approve").click()
    expect(desk.get_by_role("status")).to_contain_text("approved")
    expect(row(desk, f"floor {mark}")).to_have_count(0)

    page.goto(STORY)
    reply = page.locator(".reply", has_text=f"floor {mark}")
    expect(reply.locator("em")).to_have_text("first")
    expect(page.locator("body")).not_to_contain_text("@example.org")
    reply.get_by_role("link", name=f"Answer Hanne {mark}").click()
    expect(page.locator(".answered")).to_contain_text(f"floor {mark}")
    field(page, "name").fill("Hanne")
    field(page, "body").fill(f"An answer {mark}")
    send(page.locator("main form"))
    expect(page.locator(".error")).to_contain_text("e-mail address is missing")
    expect(field(page, "body")).to_have_value(f"An answer {mark}")
    if script:
        assert_accessible(page)
    field(page, "email").fill(f"hanne.{script}@example.org".lower())
    send(page.locator("main form"))
    expect(page.locator(".reply:target")).to_contain_text(f"An answer {mark}")
    page.locator(".write summary").click()
    if script:
        page.set_viewport_size({"width": 320, "height": 700})
        assert_accessible(page, ".apparatus")  # of this story; the next one may have come in below
        assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_a_mistake_becomes_a_note_and_its_finder_is_told(page, desk, script):
    mark = "with script" if script else "without script"
    page.goto(STORY)
    page.get_by_role("link", name="Tell us").click()
    field(page, "body").fill(f"It is thirteen ways, {mark}")
    field(page, "email").fill(f"finder.{script}@example.org".lower())
    if script:
        assert_accessible(page)
    send(page.locator("main form"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("at the desk")

    desk.goto("/desk/corrections")
    found = row(desk, f"thirteen ways, {mark}")
    found.get_by_role("button", name="Accept").click()
    expect(row(desk, f"thirteen ways, {mark}").locator(".error")).to_contain_text("The note is empty")
    row(desk, f"thirteen ways, {mark}").locator("textarea").fill(f"An earlier version, {mark}, counted twelve.")
    if script:
        assert_accessible(desk)
    row(desk, f"thirteen ways, {mark}").get_by_role("button", name="Accept").click()
    expect(desk.get_by_role("status")).to_contain_text("stands under the story")

    page.goto(STORY)
    expect(page.locator(".correction", has_text=mark)).to_contain_text("counted twelve.")
    expect(page.locator("body")).not_to_contain_text("thirteen ways")
    told = letter(page, f"finder.{script}@example.org".lower(), "You were right about")
    expect(told).to_contain_text(f"{STORY}#corrections")


def test_a_tip_reaches_the_desk(page, desk, script):
    mark = "with script" if script else "without script"
    page.goto("/")
    page.get_by_role("contentinfo").get_by_role("link", name="Contribute").click()
    if script:
        assert_accessible(page)
    page.locator("label.choice", has_text="A pitch").click()
    field(page, "subject").fill(f"The lift {mark}")
    field(page, "body").fill("It has not moved since March.")
    send(page.locator("main form"))
    expect(page.locator(".error")).to_contain_text("e-mail address is missing")
    page.locator("label.choice", has_text="A tip").click()
    send(page.locator("main form"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("at the desk")

    desk.goto("/desk/contributions")
    if script:
        assert_accessible(desk)
    row(desk, f"The lift {mark}").get_by_role("button", name="Mark as handled").click()
    expect(row(desk, f"The lift {mark}")).to_have_count(0)
