"""What a person does on these pages, in the words of the pages."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, expect

from tests.launched import Magazine

PICTURES = Path(__file__).parent.parent / "pictures"
GOOD_CARD = "4242 4242 4242 4242"
REFUSED_CARD = "4000 0000 0000 0002"


def field(page: Page, name: str) -> Locator:
    """A field people can see, by its name in the form."""
    return page.locator(f"main [name={name}]:visible")


def form_with(page: Page, name: str) -> Locator:
    """The form that holds such a field."""
    return page.locator("main form").filter(has=page.locator(f"[name={name}]")).first


def send(form: Locator) -> None:
    """Press the first button, as Enter would."""
    form.locator("button").first.click()


def story(page: Page, title: str) -> None:
    """Open a story from the list or front page that is open."""
    page.locator("main").get_by_role("link", name=title).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(title)


def sign_in(page: Page, magazine: Magazine, who: str) -> None:
    """With the form that is open; `who` is reader, patron or editor of the demo magazine."""
    field(page, "email").fill(f"{who}@upstairs.example")
    field(page, "password").fill(magazine.kept()[f"DEMO_{who.upper()}_PASSWORD"])
    send(form_with(page, "password"))
    expect(page).not_to_have_url(re.compile("/account/login"))


def pay(page: Page, magazine: Magazine, shown: str, card: str = GOOD_CARD, email: str = "") -> None:
    """On the sandbox's page, which must show this amount. An e-mail the shop did not hand on is typed."""
    expect(page).to_have_url(re.compile(f"^http://127.0.0.1:{magazine.sandbox_port}/c/pay/"))
    expect(page.get_by_role("heading", level=1)).to_contain_text(shown)
    form = form_with(page, "card_number")
    for name, value in {"card_number": card, "card_expiry": "12/30", "card_cvc": "123", "name": "N. Reader"}.items():
        form.locator(f"[name={name}]").fill(value)
    if email:
        form.locator("[name=email]").fill(email)
    send(form)


def letter(page: Page, to: str, subject: str) -> Locator:
    """Open the newest letter to somebody; waits until the worker has sent it. Returns its text."""
    row = page.get_by_role("row").filter(has_text=to).filter(has_text=subject)
    for _ in range(50):
        page.goto("/mail")
        if row.count():
            break
        page.wait_for_timeout(300)
    row.first.get_by_role("link").click()
    return page.locator(".letter")


def path_of(page: Page) -> str:
    return urlsplit(page.url).path
