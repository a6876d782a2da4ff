"""A patron: gives without an account, is thanked, comes in by a letter, reads on, finds the receipt."""

import re

from playwright.sync_api import Page, expect

from tests.browser.steps import REFUSED_CARD, field, form_with, letter, path_of, pay, send, story

FOR_PATRONS = "The village that livestreams its accounts"
BEHIND_THE_WALL = "Villages have to show their books"  # a sentence from under its first heading


def give(page: Page, email: str, frequency: str, amount: str) -> None:
    """From the front page to Stripe's."""
    page.goto("/")
    page.get_by_role("complementary").get_by_role("link", name="Become a patron").click()
    page.locator(f"[name=frequency][value={frequency}]").check(force=True)
    field(page, "amount").fill(amount)
    field(page, "email").fill(email)
    send(form_with(page, "amount"))


def come_in_by_letter(page: Page, email: str) -> None:
    page.get_by_role("link", name="Send me a link").click()
    field(page, "email").fill(email)
    send(form_with(page, "email"))
    link = letter(page, email, "Your link to sign in").get_by_role("link", name="/account/link/")
    address = link.get_attribute("href")
    page.goto(address)
    page.goto("/account")
    expect(field(page, "password")).to_be_visible()  # looking at the link has not signed in; its button does
    page.goto(address)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text(f"Signed in as {email}")).to_be_visible()


def test_ten_euros_a_month_open_the_patrons_stories(page, magazine, script, picture):
    email = f"new-{script}@patron.example".lower()
    page.goto("/")
    story(page, FOR_PATRONS)
    assert BEHIND_THE_WALL not in page.content()

    give(page, email, "month", "10")
    pay(page, magazine, "€10.00")
    expect(page).to_have_url(re.compile(r"/donate/thanks\?session_id="))
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    thanks = page.url
    picture(page, "thanks")
    expect(letter(page, email, "Your gift")).to_contain_text("€10.00")
    picture(page, "letter")

    page.goto(thanks)
    come_in_by_letter(page, email)
    page.goto("/")
    story(page, FOR_PATRONS)
    expect(page.get_by_text(BEHIND_THE_WALL)).to_be_visible()
    page.goto("/account")
    expect(page.locator("main")).to_contain_text("You give€10.00each month")
    picture(page, "account")
    page.get_by_role("link", name="Open the receipt").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Receipt")
    expect(page.locator("main")).to_contain_text("€10.00")


def test_a_refused_card_may_be_followed_by_a_good_one(page, magazine, script):
    email = f"second-{script}@patron.example".lower()
    give(page, email, "once", "25,50")
    pay(page, magazine, "€25.50", card=REFUSED_CARD)
    expect(page.get_by_text(re.compile("declined|refused", re.I)).first).to_be_visible()
    pay(page, magazine, "€25.50")
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert path_of(page) == "/donate/thanks"
    expect(letter(page, email, "Your gift")).to_contain_text("€25.50")
