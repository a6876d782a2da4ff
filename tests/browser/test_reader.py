"""A reader: the front page, stories open and closed, a liveblog, a section, in and out."""

from playwright.sync_api import expect

from tests.browser.steps import field, form_with, letter, path_of, send, sign_in, story

LEAD = "The courier who answered every review"
BEHIND_THE_WALL = "A rating is a conversation with one side taken out"  # a sentence from under its first heading
MEMBERS = "/articles/reading-the-board-at-3-am"
FOR_MEMBERS = "Firecrackers: none."
FREE = "Everyone is photographing the same grey door"
LIVEBLOG = "Who keeps the blue helmets honest?"


def test_the_front_page_leads_to_open_stories_a_liveblog_and_a_section(page, picture):
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Upstairs")
    picture(page, "front")
    story(page, FREE)
    expect(page.locator("article .text > p").last).to_be_visible()
    expect(page.get_by_role("heading", name="The next story")).to_be_visible()
    picture(page, "article")

    page.get_by_role("navigation").get_by_role("link", name="Live", exact=True).locator("visible=true").click()
    assert path_of(page) == "/category/live"
    story(page, LIVEBLOG)
    expect(page.get_by_text("This page was closed on")).to_be_visible()
    assert page.locator("time[datetime]").count() > 10
    picture(page, "liveblog")


def test_the_lead_is_counted_and_opens(page, script, picture):
    page.goto("/")
    story(page, LEAD)
    if not script:
        assert BEHIND_THE_WALL not in page.content()
        assert page.context.cookies() == [], "a visitor gets no cookie"
        picture(page, "wall")
        page.get_by_role("button", name="Read this story").click()
    expect(page.get_by_text(BEHIND_THE_WALL)).to_be_visible()
    expect(page.get_by_text("This is the first of your 3 free stories in")).to_be_visible()


def test_a_closed_story_opens_for_who_signs_in_and_closes_after(page, magazine):
    page.goto(MEMBERS)
    assert FOR_MEMBERS not in page.content()
    assert page.context.cookies() == [], "a visitor gets no cookie"

    page.get_by_role("region", name="The rest opens when you sign in").get_by_role("link", name="Sign in").click()
    field(page, "email").fill("reader@upstairs.example")
    field(page, "password").fill("not the password")
    send(form_with(page, "password"))
    expect(page.locator(".error").first).to_be_visible()
    expect(field(page, "email")).to_have_value("reader@upstairs.example")

    sign_in(page, magazine, "reader")
    assert path_of(page).startswith("/articles/"), "back where the reading stopped"
    expect(page.get_by_text(FOR_MEMBERS)).to_be_visible()

    page.goto("/account")
    page.get_by_role("link", name="Sign out").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
    page.goto(MEMBERS)
    assert FOR_MEMBERS not in page.content()


def test_a_new_reader_registers_and_proves_the_address(page, script):
    email = f"anna-{script}@reader.example".lower()
    page.goto("/account/login")
    page.get_by_role("link", name="Register").click()
    field(page, "email").fill(email)
    field(page, "name").fill("Anna")
    field(page, "password").fill("lantern town below")
    send(form_with(page, "password"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Anna")
    expect(page.get_by_text("Your address is not confirmed yet")).to_be_visible()

    letter(page, email, "Confirm your address").get_by_role("link").first.click()
    send(page.locator("main form"))
    page.goto("/account")
    expect(page.get_by_text("Your address is not confirmed yet")).not_to_be_visible()
