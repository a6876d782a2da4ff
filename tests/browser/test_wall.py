"""What a reader meets where stories are counted: opening by itself, the line, the wall, and the way without script."""

import itertools
import re
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from models import Article, LiveEntry, MeterRead, begin_write, db, utcnow
from models.article import Kind
from models.metering import Access
from tests.browser.steps import PICTURES, field, form_with, path_of, send
from tests.browser.watching import Watch
from tests.live import Live
from tests.makers import PASSWORD, make_account, make_article, make_author, make_category

VIOLATIONS = """axe.run({resultTypes: ["violations"]}).then(
  found => found.violations.map(rule => [rule.id, rule.nodes.map(node => node.html)])
)"""
HIDDEN = """window.seen = {visibilityState: "hidden", prerendering: false};
for (const name of Object.keys(seen)) Object.defineProperty(document, name, {get: () => seen[name]});"""
FOCUS = "(document.activeElement.innerText || document.activeElement.id || document.activeElement.tagName).trim()"
REST = "Mrs Dai had kept the books of a thread factory for thirty years"
SOURCE = f"""The committee of Building 7 meets whenever somebody is awake. It has 212 members, three of whom do not live
there any more, and a rule, pinned to the top, that no one may send a voice message longer than the time it takes to
boil an egg.

In March the rule was broken, and then it was quoted, and then someone asked where it had been agreed.

She begins each entry in the same way: the date, the weather, those present. By ‘present’ she means anyone who typed.

<!-- open until here -->

{REST}, and came to be asked to write minutes for a chat.

""" + "\n\n".join(f"Paragraph {number} of what follows. " * 12 for number in range(1, 9))
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A magazine of two free stories a month, for these tests alone: networks are counted too."""
    site = Live(tmp_path_factory.mktemp("wall"), METER_ANONYMOUS="2", METER_MEMBER="3")
    with site.app.app_context():
        make_category(slug="platforms", name="Platforms", hanzi="平台")
        make_author(slug="ilse", name="Ilse Vargahuis")
        db.session.remove()
    yield site
    site.close()


@pytest.fixture
def window(chromium: Browser, house: Live) -> Iterator[Callable[..., Page]]:
    """Opens a new reader's browser; what it must not do is seen at the end. `forgives`: answers that are meant."""
    opened, watches = [], []

    def open_one(forgives: str = "", **options: object) -> Page:
        context = chromium.new_context(
            base_url=house.base, locale="en-GB", **{"timezone_id": "Europe/Amsterdam", **options}
        )
        context.set_default_timeout(10_000)
        opened.append(context)
        page, watch = context.new_page(), Watch({house.base})
        watch.over(page)
        watches.append((watch, forgives))
        return page

    yield open_one
    for context in opened:
        context.close()
    for watch, forgives in watches:
        assert [each for each in watch.complaints if not forgives or not re.search(forgives, each)] == []


def make(house: Live, source: str = SOURCE, **given: object) -> str:
    """A counted story's address."""
    with house.app.app_context():
        more = {
            "access": Access.METERED,
            "title": f"When the group chat keeps minutes ({next(_numbers)})",
            "standfirst": "Residents’ committees have moved to their phones. So have the feuds, and now the archives.",
            "category": db.session.scalar(db.select(Article.category.property.entity.class_)),
            "published_at": utcnow(),
        }
        slug = make_article(source, **{**more, **given}).slug
        db.session.remove()
    return f"/articles/{slug}"


def counted(house: Live) -> int:
    with house.app.app_context():
        number = db.session.scalar(db.select(db.func.count()).select_from(MeterRead)) or 0
        db.session.remove()
    return number


def text(page: Page):  # type: ignore[no-untyped-def]
    return page.get_by_text(REST)


def use_up(page: Page, house: Live) -> None:
    for _ in range(2):
        page.goto(make(house))
        expect(text(page)).to_be_visible()


def show(page: Page, name: str, *, whole: bool = True) -> None:
    """Sound in every size and colour; pictures of it in tests/pictures."""
    PICTURES.mkdir(exist_ok=True)
    page.evaluate(Axe().axe_script)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width, height in ((390, 844), (1280, 900)):
            page.set_viewport_size({"width": width, "height": height})
            page.screenshot(path=PICTURES / f"wall-{name}-{width}-{scheme}.png", full_page=whole)
        assert page.evaluate(VIOLATIONS) == []
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 900})


def test_a_counted_story_opens_by_itself_until_none_is_left(house: Live, window: Callable[..., Page]) -> None:
    page, first = window(timezone_id="America/New_York"), make(house)
    page.goto(first)
    expect(text(page)).to_be_visible()
    assert path_of(page) == first and page.evaluate("document.activeElement === document.body")
    line = page.locator("[data-line]")
    expect(line).to_contain_text("This is the first of your 2 free stories in")
    expect(line).to_contain_text(re.compile(r"1 left until \w+\s\d+\s\w+,\s1[78]\.00\."))  # the reader's own clock
    expect(page.locator(".wall")).to_have_count(0)
    show(page, "first")

    page.reload()
    expect(line).to_contain_text("You have opened this story before, so it does not count again. 1 of your 2")
    page.goto(make(house))
    expect(line).to_contain_text("This is the last of your 2 free stories in")
    show(page, "last")

    page.goto(third := make(house))
    wall = page.get_by_role("region", name="You have read your two free stories for")
    expect(wall).to_be_visible()
    expect(page.locator(".wall")).to_have_count(1)
    expect(text(page)).to_have_count(0)
    expect(wall.get_by_role("button")).to_have_count(0)
    show(page, "used-up")
    assert counted(house) == 2

    page.goto(first)
    expect(text(page)).to_be_visible()
    page.go_back()
    expect(page.get_by_role("region", name="You have read your two free stories for")).to_be_visible()
    assert path_of(page) == third


@pytest.mark.parametrize(("name", "event"), [("visibilityState", "visibilitychange"), ("prerendering",) * 2])
def test_what_nobody_looks_at_is_not_asked_for(house: Live, window: Callable[..., Page], name: str, event: str) -> None:
    page, asked, before = window(), [], counted(house)
    page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    page.add_init_script(HIDDEN)
    if name == "prerendering":
        page.add_init_script('seen.visibilityState = "visible"; seen.prerendering = true;')
        event = "prerenderingchange"
    page.goto(make(house))
    page.evaluate(f"document.dispatchEvent(new Event('{event}'))")
    page.wait_for_timeout(300)
    assert asked == [] and counted(house) == before
    page.evaluate('seen.visibilityState = "visible"; seen.prerendering = false;')
    page.evaluate(f"document.dispatchEvent(new Event('{event}'))")
    expect(text(page)).to_be_visible()
    for _ in range(2):
        page.evaluate(f"document.dispatchEvent(new Event('{event}'))")
    page.wait_for_timeout(200)
    assert len([url for url in asked if url.endswith("/read")]) == 1 and counted(house) == before + 1


@pytest.mark.parametrize("how", ["cut", "503"])
def test_a_counter_that_is_away_is_said_and_tried_again(house: Live, window: Callable[..., Page], how: str) -> None:
    page, before = window(forgives="503|ERR_FAILED"), counted(house)

    def away(route: Route) -> None:
        route.abort() if how == "cut" else route.fulfill(status=503, json={"error": "Away."})

    page.route("**/read", away)
    page.goto(make(house))
    expect(page.get_by_role("heading", name="We could not reach our own counter.")).to_be_visible()
    again = page.get_by_role("button", name="Try again")
    expect(again).to_be_enabled()
    assert page.evaluate("document.activeElement === document.body"), "nobody asked, so the focus stays"
    expect(page.get_by_role("heading", name="This is one of the stories we count.")).not_to_be_visible()
    if how == "cut":
        show(page, "away")
    again.focus()
    page.keyboard.press("Enter")
    expect(again).to_be_enabled()
    expect(again).to_be_focused()
    assert counted(house) == before
    page.unroute("**/read")
    page.keyboard.press("Enter")
    expect(text(page)).to_be_visible()
    expect(page.locator("article .text")).to_be_focused()


def test_a_keyboard_goes_through_the_wall_and_on(house: Live, window: Callable[..., Page]) -> None:
    page = window()
    use_up(page, house)
    page.goto(make(house))
    expect(page.get_by_role("region", name="You have read your two")).to_be_visible()
    page.locator("article h1").evaluate("node => { node.tabIndex = -1; node.focus(); }")
    passed = []
    for _ in range(25):
        page.keyboard.press("Tab")
        passed.append(page.evaluate(FOCUS))
    place = passed.index("Become a patron")
    assert passed[place + 1] == "Sign in" and passed[place + 2] != "Become a patron"
    assert len(set(passed)) > 10, "no trap"
    for _ in range(len(passed) - place):
        page.keyboard.press("Shift+Tab")
    assert page.evaluate(FOCUS) in passed[: place + 1]


def test_who_waits_in_the_wall_is_not_left_in_the_void(house: Live, window: Callable[..., Page]) -> None:
    """The answer may come while the focus is in what it takes away."""
    for is_last in (False, True):
        page, held = window(), []
        if is_last:
            use_up(page, house)
        page.route("**/read", partial(list.append, held))
        page.goto(make(house))
        page.get_by_role("link", name="Become a patron").focus()
        page.wait_for_function("document.querySelector('[data-ask] button').disabled")
        held[0].continue_()
        expect(page.locator("#wall" if is_last else "article .text")).to_be_focused()


def test_without_script_a_button_leads_to_a_page_of_ones_own(house: Live, window: Callable[..., Page]) -> None:
    page, before = window(java_script_enabled=False), counted(house)
    page.goto(first := make(house))
    expect(text(page)).to_have_count(0)
    expect(page.get_by_role("heading", name="We could not reach")).not_to_be_visible()
    assert page.context.cookies() == [], "a visitor gets no cookie"
    page.screenshot(path=PICTURES / "wall-shell-no-script-1280.png", full_page=True)
    page.get_by_role("button", name="Read this story").click()
    assert path_of(page) == f"{first}/read" and "receipt=" in page.url
    expect(text(page)).to_be_visible()
    expect(page.locator("[data-line]")).to_contain_text("This is the first of your 2 free stories in")
    page.reload()
    expect(text(page)).to_be_visible()
    page.go_back()
    assert path_of(page) == first
    expect(page.get_by_role("button", name="Read this story")).to_be_visible()
    page.go_forward()
    expect(text(page)).to_be_visible()
    page.goto(f"{first}/read")  # a bookmark without its receipt
    expect(text(page)).to_be_visible()
    assert counted(house) == before + 1

    for _ in range(2):
        page.goto(make(house))
        page.get_by_role("button", name="Read this story").click()
    expect(page.get_by_role("region", name="You have read your two free stories for")).to_be_visible()
    expect(page.get_by_role("button", name="Read this story")).to_have_count(0)
    page.screenshot(path=PICTURES / "wall-used-up-no-script-1280.png", full_page=True)


def test_a_member_has_stories_of_their_own(house: Live, window: Callable[..., Page]) -> None:
    with house.app.app_context():
        email = make_account().email
        db.session.remove()
    page, bare = window(), window(java_script_enabled=False)
    for each in (page, bare):
        each.goto("/account/login")
        field(each, "email").fill(email)
        field(each, "password").fill(PASSWORD)
        send(form_with(each, "password"))
    page.goto(make(house))
    expect(text(page)).to_be_visible()
    expect(page.locator("[data-line]")).to_contain_text("This is the first of your 3 stories in")

    bare.goto(second := make(house))
    expect(bare.get_by_role("region", name="You have 2 stories left this month.")).to_be_visible()
    bare.screenshot(path=PICTURES / "wall-member-two-left-1280.png", full_page=True)
    bare.get_by_role("button", name="Read this story").click()
    expect(text(bare)).to_be_visible()
    page.goto(second)
    expect(text(page)).to_be_visible()
    expect(page.locator("[data-line]")).to_contain_text("does not count again. 1 of your 3 stories left")
    page.goto(make(house))
    expect(text(page)).to_be_visible()
    page.goto(make(house))
    expect(page.get_by_role("region", name="You have read your three stories for")).to_be_visible()
    show(page, "member-used-up")


@pytest.mark.parametrize(("access", "name"), [(Access.PATRONS, "patrons"), (Access.MEMBERS, "members")])
def test_stories_for_patrons_and_members_have_walls(
    house: Live, window: Callable[..., Page], access: Access, name: str
) -> None:
    page, asked = window(), []
    page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    page.goto(make(house, access=access))
    expect(page.locator(".wall")).to_be_visible()
    show(page, name)
    assert asked == [], "there is nothing to ask the meter for"


def test_a_counted_liveblog_renews_itself_once_it_is_open(house: Live, window: Callable[..., Page]) -> None:
    page, path = window(), make(house, "It begins.", kind=Kind.LIVEBLOG, opened_at=utcnow())

    def sooner(route: Route) -> None:
        said = route.fetch().json()
        said["html"] = said["html"].replace('data-every="10000"', 'data-every="200"')
        route.fulfill(json=said)

    def post(words: str) -> None:
        with house.app.app_context():
            begin_write()
            liveblog = Article.by_slug(path.rpartition("/")[2])
            assert liveblog
            entry = LiveEntry.begin(liveblog)
            entry.at = utcnow()
            entry.write(words)
            db.session.commit()
            db.session.remove()

    post("The first entry.")
    page.route("**/read", sooner)
    page.goto(path)
    expect(page.locator(".entry")).to_have_count(1)
    expect(page.locator("[data-status]")).to_have_text("New entries come in by themselves.")
    post("The second entry.")
    expect(page.locator(".entry").first).to_contain_text("The second entry.")
    expect(page.locator("[data-count]")).to_have_text("2 entries")
    show(page, "liveblog")


def test_the_story_below_comes_once_this_one_is_open_and_spends_nothing(
    house: Live, window: Callable[..., Page]
) -> None:
    older, newer = make(house), make(house)
    page, before, asked = window(), counted(house), []
    page.on("request", lambda request: asked.append((request.method, request.url.removeprefix(house.base))))
    page.goto(newer)
    expect(text(page)).to_be_visible()
    page.locator("main > article").first.evaluate("node => node.scrollIntoView({block: 'end', behavior: 'instant'})")
    expect(page.locator("main > article")).to_have_count(2)
    below = page.locator("main > article").nth(1)
    below.evaluate("node => node.scrollIntoView({block: 'start', behavior: 'instant'})")
    page.wait_for_url(f"**{older}")
    below.evaluate("node => node.scrollIntoView({block: 'end', behavior: 'instant'})")
    page.wait_for_timeout(500)
    assert counted(house) == before + 1 and ("POST", f"{older}/read") not in asked
    expect(below.get_by_text(REST)).to_have_count(0)
    below.get_by_role("button", name="Read this story").click()
    expect(text(page)).to_be_visible()
    assert path_of(page).removesuffix("/read") == older and counted(house) == before + 2

    page.goto(closed := make(house))
    expect(page.get_by_role("region", name="You have read your two")).to_be_visible()
    asked.clear()
    page.locator("footer.colophon").scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    assert page.locator("main > article").count() == 1 and asked == [], "below a closed story nothing loads"
    assert path_of(page) == closed
