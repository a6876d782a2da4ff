"""A buyer: from the story to the offer, a code, the payment, the file and the receipt."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import field, letter, pay

OFFER = "/offers/china-internet-report"


def choose(page: Page, edition: str) -> None:
    """Radio buttons may be drawn over."""
    page.locator(f"[name=edition][value={edition}]").check(force=True)


def expect_reduced(page: Page) -> None:
    for sum_shown in ("US$400.00", "−120.00", "US$280.00"):
        expect(page.locator("main")).to_contain_text(sum_shown)


def download(page: Page, path: Path) -> bytes:
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download the file").click()
    waiting.value.save_as(path)
    return path.read_bytes()


def pages_of(pdf: bytes) -> int:
    assert pdf.startswith(b"%PDF-")
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def test_the_code_from_the_story_takes_a_hundred_and_twenty_dollars_off(page, magazine, script, tmp_path, picture):
    email = f"buyer-{script}@office.example".lower()
    page.goto("/")
    page.get_by_role("link", name="What is in the China Internet Report 2026").first.click()
    card = page.get_by_role("complementary").filter(has_text="China Internet Report 2026").first
    picture(page, "offer-card")
    card.get_by_role("link", name="Compare the editions").click()

    expect(page).to_have_url(re.compile(rf"{OFFER}\?code=WHATSONWEIBO30$"))
    expect_reduced(page)
    expect(page.locator("main del").filter(has_text="US$400.00").first).to_be_visible()
    expect(field(page, "code")).to_have_value("WHATSONWEIBO30")
    picture(page, "offer")
    choose(page, "pro")
    field(page, "email").fill(email)
    page.get_by_role("button", name="Pay US$280.00").click()
    expect(page.get_by_text("Tick the box")).to_be_visible()
    expect(field(page, "email")).to_have_value(email)
    page.locator("[name=consent]").check(force=True)
    page.get_by_role("button", name="Pay US$280.00").click()

    pay(page, magazine, "US$280.00")
    expect(page).to_have_url(re.compile("/orders/"))
    expect(page.locator("main")).to_contain_text("US$280.00")
    link = page.get_by_role("link", name="Download the file")
    expect(link).to_be_visible()
    picture(page, "order")
    assert pages_of(download(page, tmp_path / "pro.pdf")) == 138
    receipt = letter(page, email, "Your receipt")
    expect(receipt).to_contain_text("Total paid: US$280.00")
    expect(receipt).to_contain_text("WHATSONWEIBO30")


@pytest.mark.parametrize("typed", ["whats on weibo 30", "ＷＨＡＴＳＯＮＷＥＩＢＯ３０", "  WhatsOnWeibo30 "])
def test_a_code_is_understood_however_it_is_typed(page, typed):
    page.goto(OFFER)
    type_code(page, typed)
    expect_reduced(page)


def type_code(page: Page, typed: str) -> None:
    field(page, "email").fill("careful@office.example")
    field(page, "code").fill(typed)
    page.get_by_role("button", name="Use code").click()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("WHATSONWEIBO31", "do not know this code"),
        ("LASTYEAR20", "This code ended on 31 December 2025"),
        ("FULLHOUSE10", "used up"),
        ("NEWSROOM15", "for something else"),
    ],
)
def test_a_code_that_cannot_be_used_says_why_beside_it_and_nothing_typed_is_lost(page, typed, sentence):
    page.goto(OFFER)
    type_code(page, typed)
    code = field(page, "code")
    expect(code).to_have_value(typed)
    expect(code).to_have_attribute("aria-invalid", "true")
    said = page.locator(f"#{(code.get_attribute('aria-describedby') or '').split()[0]}")
    expect(said).to_contain_text(sentence)
    beside, above = said.bounding_box(), code.bounding_box()
    assert 0 < beside["y"] - above["y"] < 120, "it stands right under the field"
    expect(field(page, "email")).to_have_value("careful@office.example")
    expect(page.locator("main")).not_to_contain_text("US$280.00")


def test_the_free_edition_is_downloaded_at_once(page, script, tmp_path):
    page.goto(OFFER)
    choose(page, "free")
    field(page, "email").fill(f"free-{script}@office.example".lower())
    if not script:  # the sums are those of the Pro Edition until the page is asked again
        page.get_by_role("button", name="Use code").click()
    page.get_by_role("button", name="Download Free edition").click()
    expect(page).to_have_url(re.compile("/orders/"))
    assert pages_of(download(page, tmp_path / "free.pdf")) == 55
