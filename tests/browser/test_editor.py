"""An editor: writes a story at the desk, looks at it, lets it out and takes it back."""

from playwright.sync_api import expect

from tests.browser.steps import field, path_of, sign_in

WORDS = "The *first* line.\n\nA second one with 楼上 in it, and a tag #给骑手回信# beside it."


def test_a_story_is_written_looked_at_published_and_taken_back(page, magazine, script, open_page, picture):
    title = f"A note from the stairs {'with' if script else 'without'} script"
    page.goto("/desk")
    sign_in(page, magazine, "editor")
    assert path_of(page) == "/desk", "to where the editor wanted to go"
    picture(page, "desk")

    page.get_by_role("link", name="New story").click()
    field(page, "title").fill(title)
    field(page, "standfirst").fill("Written at the desk.")
    field(page, "source").fill(WORDS)
    page.get_by_label("Category").select_option(label="Society")
    page.get_by_label("Author 1").select_option(index=1)
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Preview").click()
    preview = opened.value
    expect(preview.locator("em", has_text="first")).to_be_visible()
    expect(preview.locator("[lang=zh]", has_text="楼上").first).to_be_visible()
    preview.close()

    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("link", name="See it")).to_be_visible()
    picture(page, "desk-story")
    visitor = open_page(java_script_enabled=script)
    visitor.goto("/")
    visitor.get_by_role("link", name=title).first.click()
    expect(visitor.locator("article .text")).to_contain_text("A second one with 楼上 in it")
    address = path_of(visitor)

    page.get_by_role("button", name="Unpublish").click()
    expect(page.get_by_role("button", name="Publish")).to_be_visible()
    assert visitor.goto(address).status == 404
    visitor.goto("/")
    expect(visitor.locator("main")).not_to_contain_text(title)
