"""A liveblog in two browsers: what the editor does at the console, the reader sees without reloading."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser.steps import field, path_of, sign_in
from tests.launched import Magazine

VIOLATIONS = """part => axe.run(part, {resultTypes: ["violations"]}).then(
  found => found.violations.map(rule => [rule.id, rule.nodes.map(node => node.html)])
)"""
EVERY, HIDDEN_EVERY = 200, 700  # milliseconds, where the page says 10,000 and 30,000
HIDE = """window.isHidden = false;
Object.defineProperty(document, "hidden", {get: () => window.isHidden});"""
LONG = "\n\n".join("A line that is long enough to be wrapped more than once on a small screen. " * 3 for _ in range(4))
_numbers = count(1)


@dataclass
class Live:
    """One liveblog, its editor at the console, and a reader who has it open."""

    editor: Page
    reader: Page
    console: str
    address: str

    def post(self, words: str, **more: str) -> None:
        """As another editor would, beside the one at the console."""
        reply = self.editor.request.post(self.console, form={"source": words, **more})
        assert reply.ok, reply.status

    def entry(self, words: str) -> Locator:
        return self.reader.locator(".entry").filter(has_text=words)

    def words(self) -> list[str]:
        return self.reader.locator(".entry__words").all_inner_texts()

    def open(self, query: str = "") -> None:
        self.reader.goto(self.address + query)
        self.reader.evaluate("window.hasStayed = true")

    @property
    def wait(self) -> int:
        return int(self.reader.locator("[data-live]").get_attribute("data-wait") or 0)

    def set_hidden(self, is_hidden: bool) -> None:
        self.reader.evaluate(
            "isHidden => { window.isHidden = isHidden; document.dispatchEvent(new Event('visibilitychange')); }",
            is_hidden,
        )


@pytest.fixture
def live(open_page: Callable[..., Page], magazine: Magazine, site: str) -> Live:
    editor, reader = open_page(), open_page(viewport={"width": 1000, "height": 700})
    console, address = start(editor, magazine)
    reader.add_init_script(HIDE)
    reader.route(re.compile(rf"{address}(\?.*)?$"), sooner)
    return Live(editor, reader, site + console, address)


def start(editor: Page, magazine: Magazine) -> tuple[str, str]:
    """A published liveblog without entries: the addresses of its console and of its page."""
    title = f"Live from the stairs {next(_numbers)}"
    editor.goto("/desk/articles/new")
    sign_in(editor, magazine, "editor")
    field(editor, "title").fill(title)
    field(editor, "source").fill("What it is about.")
    field(editor, "kind").select_option("liveblog")
    editor.get_by_role("button", name="Publish").click()
    address = editor.get_by_role("link", name="See it").get_attribute("href")
    editor.get_by_role("link", name="Open the console").click()
    editor.wait_for_url("**/live")  # and for its script
    return path_of(editor), address


def sooner(route) -> None:  # type: ignore[no-untyped-def]
    """The same page, in more of a hurry."""
    reply = route.fetch()
    page = reply.text().replace('data-every="10000"', f'data-every="{EVERY}"')
    route.fulfill(response=reply, body=page.replace('data-hidden-every="30000"', f'data-hidden-every="{HIDDEN_EVERY}"'))


def assert_accessible(page: Page, part: str = "main") -> None:
    page.evaluate(Axe().axe_script)
    assert page.evaluate(VIOLATIONS, part) == []


def test_what_the_editor_does_reaches_the_reader(live: Live):
    live.open()
    editor, text = live.editor, field(live.editor, "source")
    expect(text).to_be_focused()
    for words in ("They *begin*.", "Second floor: 楼上."):
        text.press_sequentially(words)
        text.press("Control+Enter")
        expect(text).to_have_value("")
        expect(text).to_be_focused()
    expect(live.reader.locator(".entry em")).to_have_text("begin")
    expect(live.reader.locator(".entry")).to_have_count(2)
    assert live.words() == ["Second floor: 楼上.", "They begin."], "the newest first"
    expect(live.reader.locator("[data-count]")).to_have_text("2 entries")
    expect(live.reader.locator("[data-said]")).to_have_text(re.compile("new entr"))
    expect(live.reader.get_by_role("link", name="Reload")).not_to_be_visible()

    editor.get_by_text("Headline, speaker, another time").click()
    field(editor, "headline").fill("A third floor")
    text.fill("Third floor.")
    editor.get_by_role("button", name="Post").click()
    point = live.reader.locator(".live__points a")
    expect(point).to_have_text("A third floor")
    assert live.reader.locator(point.get_attribute("href")).inner_text().endswith("Third floor.")
    for page, part in ((editor, "main"), (live.reader, "[data-live]")):
        assert_accessible(page, part)
        before = page.viewport_size
        page.set_viewport_size({"width": 320, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        page.set_viewport_size(before)

    first = editor.locator(".console__entry").filter(has_text="They begin")
    first.get_by_role("button", name="Pin").click()
    expect(live.entry("They begin").get_by_text("Pinned")).to_be_visible()
    expect(live.reader.locator(".entry").first).to_contain_text("They begin")

    first.get_by_role("link", name="Edit or correct").click()
    editor.wait_for_url("**/entries/*")
    field(editor, "source").fill("They *began*.")
    field(editor, "correction").fill("It was over already.")
    editor.get_by_role("button", name="Save").first.click()
    expect(live.entry("They began.")).to_contain_text("It was over already.")
    expect(live.entry("They begin.")).to_have_count(0)
    editor.wait_for_url("**/live")
    expect(text).to_be_focused()

    text.fill("Half a sen")
    third = editor.locator(".console__entry").filter(has_text="Third floor.")
    third.get_by_text("Remove …").click()
    third.get_by_role("button", name="Remove it for good").click()
    expect(live.entry("Third floor.")).to_have_count(0)
    expect(point).to_have_count(0)
    expect(text).to_have_value("Half a sen")

    editor.get_by_text("Close the liveblog …").click()
    editor.get_by_role("button", name="Close it now").click()
    expect(live.reader.locator(".live-state")).to_have_text("Closed")
    expect(live.reader.locator("[data-status]")).to_contain_text("This page was closed on")
    expect(live.reader.locator("[data-said]")).to_contain_text("This page was closed on")
    asked: list[str] = []
    live.reader.on("request", lambda request: asked.append(request.url))
    live.reader.wait_for_timeout(3 * EVERY)
    assert asked == [] and live.reader.evaluate("window.hasStayed"), "it stopped asking, and was never reloaded"
    expect(text).to_have_value("Half a sen")


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_new_entries_wait_until_the_reader_is_where_they_go(live: Live, order: str):
    for number in range(6):
        live.post(f"Entry {number}. {LONG}")
    live.open(f"?order={order}")
    reader = live.reader
    expect(live.entry("Entry 3.")).to_be_visible()
    reader.evaluate("scrollTo(0, document.querySelectorAll('.entry')[3].offsetTop + 300)")
    where = (
        "[...document.querySelectorAll('.entry')].find(e => /Entry 2/.test(e.textContent)).getBoundingClientRect().top"
    )
    before = reader.evaluate(where)
    live.post("Something new.")
    live.post("And more.")
    button = reader.get_by_role("button", name="2 new entries")
    expect(button).to_be_visible()
    expect(reader).to_have_title(re.compile(r"^\(2\) Live from"))
    assert_accessible(reader, "[data-live]")

    # Above the reader one entry grows and one goes; what is read stays where it is.
    grown, gone = ("Entry 5.", "Entry 4.") if order == "newest" else ("Entry 0.", "Entry 1.")
    identity = live.entry(grown).get_attribute("data-id")
    page = live.editor.request.get(live.console.replace(path(live), f"/desk/entries/{identity}")).text()
    values = {name: re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)[1] for name in ("before", "at")}
    values |= {"source": f"{grown} {LONG} {LONG}", "correction": "It was longer."}
    live.editor.request.post(live.console.replace(path(live), f"/desk/entries/{identity}"), form=values)
    identity = live.entry(gone).get_attribute("data-id")
    live.editor.request.post(live.console.replace(path(live), f"/desk/entries/{identity}/remove"))
    expect(live.entry(gone)).to_have_count(0)
    expect(live.entry(grown)).to_contain_text("It was longer.")
    assert abs(reader.evaluate(where) - before) < 2
    assert "Something new." not in reader.content()

    button.click()
    expect(live.entry("Something new.")).to_be_visible()
    expect(button).not_to_be_visible()
    expect(reader).to_have_title(re.compile("^Live from"))
    assert live.words()[0 if order == "newest" else -1].startswith("And more.")
    expect(live.entry("And more." if order == "newest" else "Something new.")).to_be_focused()
    live.post("At once.")
    expect(live.entry("At once.")).to_be_visible()
    expect(button).not_to_be_visible()


def path(live: Live) -> str:
    return re.sub("^https?://[^/]+", "", live.console)


def test_a_hidden_tab_asks_seldom_and_holds_what_is_new(live: Live):
    live.open()
    assert live.wait == EVERY
    live.set_hidden(True)
    assert live.wait == HIDDEN_EVERY
    live.post("While nobody looked.")
    expect(live.reader).to_have_title(re.compile(r"^\(1\) "))
    expect(live.reader.locator(".entry")).to_have_count(0)
    live.set_hidden(False)
    expect(live.entry("While nobody looked.")).to_be_visible()
    expect(live.reader).to_have_title(re.compile("^Live from"))
    expect(live.reader.locator("[data-live]")).to_have_attribute("data-wait", str(EVERY))


def test_a_lost_connection_is_said_backed_off_from_and_found_again(live: Live):
    live.open()
    live.reader.context.set_offline(True)
    status = live.reader.locator("[data-status]")
    expect(status).to_contain_text("The connection is lost")
    expect(live.reader.get_by_role("link", name="Reload")).to_be_visible()
    expect(live.reader.locator("[data-live]")).to_have_attribute(
        "data-wait", re.compile(f"^({4 * EVERY}|{8 * EVERY})$")
    )
    live.reader.evaluate("document.querySelector('[data-live]').dataset.every = 1e9")
    expect(live.reader.locator("[data-live]")).to_have_attribute("data-wait", "300000")  # at most
    live.post("Meanwhile.")
    live.reader.evaluate(f"document.querySelector('[data-live]').dataset.every = {EVERY}")
    live.reader.context.set_offline(False)
    expect(live.entry("Meanwhile.")).to_be_visible()
    expect(status).to_have_text("New entries come in by themselves.")
    expect(live.reader.locator("[data-live]")).to_have_attribute("data-wait", str(EVERY))


def test_an_open_page_asks_only_what_changed(live: Live):
    live.post("One.")
    live.open()
    with live.reader.expect_response(lambda reply: "after=1" in reply.url and reply.status == 304) as same:
        pass
    assert same.value.request.headers["if-none-match"] and not same.value.request.headers.get("cache-control")
    with live.reader.expect_response(lambda reply: "after=2" in reply.url):
        live.post("Two.")
    expect(live.entry("Two.")).to_be_visible()


def lose_the_answer(route) -> None:  # type: ignore[no-untyped-def]
    """The post arrives, and nobody hears that it did."""
    route.fetch(max_redirects=0)
    route.abort()


def test_what_is_typed_survives_a_lost_connection(live: Live):
    editor, text = live.editor, field(live.editor, "source")
    text.fill("Typed in the train.")
    editor.context.set_offline(True)
    text.press("Control+Enter")
    said = editor.locator("[data-said]")
    expect(said).to_contain_text("Not sent.")
    expect(text).to_have_value("Typed in the train.")
    editor.context.set_offline(False)
    editor.route("**/live", lose_the_answer)
    with editor.expect_event("requestfailed"):
        text.press("Control+Enter")
    expect(said).to_contain_text("Not sent.")
    editor.unroute("**/live")
    text.press("Control+Enter")
    text.press("Control+Enter")
    expect(text).to_have_value("")
    expect(editor.locator(".console__entry").filter(has_text="Typed in the train.")).to_have_count(1)


def test_without_script_the_console_posts_and_the_page_says_how_old_it_is(open_page, magazine: Magazine):
    editor, reader = open_page(java_script_enabled=False), open_page(java_script_enabled=False)
    console, address = start(editor, magazine)
    field(editor, "source").fill("By form alone.")
    editor.get_by_role("button", name="Post").click()
    expect(editor.get_by_text("Posted.", exact=True)).to_be_visible()
    expect(field(editor, "source")).to_have_value("")
    reader.goto(address)
    expect(reader.get_by_text("By form alone.")).to_be_visible()
    expect(reader.get_by_text("The newest entry is of")).to_be_visible()
    expect(reader.locator("[data-new]")).not_to_be_visible()
    field(editor, "source").fill("Typed too late.")
    assert editor.request.post(f"{console}/close").ok
    editor.get_by_role("button", name="Post").click()
    expect(editor.locator("main")).to_contain_text("This liveblog is closed.")
    expect(field(editor, "source")).to_have_value("Typed too late.")
    expect(editor.get_by_role("button", name="Open it again")).to_be_visible()
    reader.get_by_role("link", name="Reload").click()
    expect(reader.get_by_text("This page was closed on")).to_be_visible()
