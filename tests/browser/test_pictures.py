"""An editor sends a photograph, says what it shows, and readers see it in a story in the width they need."""

import io
import re

from PIL import Image
from playwright.sync_api import expect

from tests.browser.steps import field, path_of, sign_in


def photograph(colour: int) -> bytes:
    image, out = Image.linear_gradient("L").resize((1600, 900)), io.BytesIO()
    Image.merge("RGB", (image, image, Image.new("L", image.size, colour))).save(out, "JPEG")
    return out.getvalue()


def test_a_photograph_goes_from_the_editors_folder_into_a_story(page, magazine, script, open_page, picture):
    title = f"Seen from the stairs {'with' if script else 'without'} script"
    alt = f"A staircase {'with' if script else 'without'} script"
    page.goto("/desk/pictures")
    sign_in(page, magazine, "editor")
    send = [("stairs.jpg", photograph(40 + script)), ("notes.jpg", b"no picture")]
    field(page, "files").set_input_files([{"name": n, "mimeType": "image/jpeg", "buffer": data} for n, data in send])
    field(page, "credit").fill("Photograph: Ying")
    page.get_by_role("button", name="Add to the library").click()
    expect(page.get_by_role("alert")).to_contain_text("notes.jpg. This is no picture")
    expect(field(page, "credit")).to_have_value("Photograph: Ying")

    page.get_by_role("link", name="stairs.jpg").first.click()
    field(page, "alt").fill(alt)
    field(page, "caption").fill("The stairs 楼梯 at noon")
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_role("status")).to_contain_text("The picture is saved")
    snippet = page.get_by_label("To show it within a text").input_value()
    picture(page, "desk-picture")

    page.goto("/desk/articles/new")
    field(page, "title").fill(title)
    field(page, "source").fill(f"The first line.\n\n{snippet}\n\nThe last.")
    page.locator("label", has_text="stairs.jpg").first.click()
    page.get_by_role("button", name="Publish").click()
    expect(field(page, "picture_alt")).to_have_value(alt)
    expect(field(page, "picture_credit")).to_have_value("Photograph: Ying")

    for wide, widths in ((390, "480"), (1280, "960|1440")):
        reader = open_page(java_script_enabled=script, viewport={"width": wide, "height": 900}, device_scale_factor=1)
        reader.goto(page.get_by_role("link", name="See it").get_attribute("href") or "")
        shown = reader.get_by_role("img", name=alt)
        expect(shown).to_have_count(2)
        for each in shown.all():
            each.scroll_into_view_if_needed()
            expect(each).to_have_js_property("complete", True)
            if script:
                assert re.search(rf"-({widths})\.(avif|webp)$", each.evaluate("image => image.currentSrc"))
        expect(reader.locator(".text figcaption")).to_contain_text("The stairs 楼梯 at noon")
        picture(reader, f"story-with-picture-{wide}")
    answer = reader.request.get(f"/share{path_of(reader).removeprefix('/articles')}.png")
    assert answer.ok and answer.headers["content-type"] == "image/png"
