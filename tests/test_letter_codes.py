"""A letter that signs in has a link and a code: the code works where it was asked for, and either works once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from blueprints.ops.commands import sweep
from models import SignInLetter, begin_write, db
from models.letter import LETTER_LIFE, MOST_TRIES, LetterKind
from tests.accounts_tools import code, is_signed_in, letters, link, stay_in_one_window, visit
from tests.makers import make_account

READER = "reader@example.org"


def ask(client, email=READER, next_path=""):
    return client.post("/account/link", data={"email": email, "next": next_path})


def type_in(client, digits):
    return client.post("/account/link/code", data={"code": digits})


def wrong(digits: str) -> str:
    return f"{(int(digits) + 1) % 10**6:06}"


def age(by: timedelta) -> None:
    begin_write()
    for letter in db.session.scalars(db.select(SignInLetter)):
        letter.expires_at -= by
    db.session.commit()


def test_the_code_signs_in_where_it_was_asked_for_and_goes_on(app):
    here = visit(app)
    page = ask(here, next_path="/donate")
    assert page.status_code == 200 and 'name="code"' in page.text and 'autocomplete="one-time-code"' in page.text
    reply = type_in(here, code(app, READER))
    assert (reply.status_code, reply.location) == (303, "/donate")
    assert is_signed_in(here)


def test_the_code_is_worth_nothing_in_another_browser(app):
    here, thief = visit(app), visit(app)
    ask(here)
    ask(thief, "thief@example.org")
    digits = code(app, READER)
    assert type_in(thief, digits).status_code == 422
    assert type_in(visit(app), digits).status_code == 422
    assert type_in(here, digits).status_code == 303, "and their tries do not count against the reader"


def test_the_cookie_that_binds_it_cannot_be_made_up(app):
    here, forger = visit(app), visit(app)
    ask(here)
    value = here.get_cookie("masthead_asked", path="/account/link").value
    other = "A" if value[-9] != "A" else "B"  # not the last: some of its bits stand for nothing
    forger.set_cookie("masthead_asked", value[:-9] + other + value[-8:], path="/account/link")
    assert type_in(forger, code(app, READER)).status_code == 422


@pytest.mark.parametrize("typed", ["{0} {1}", " {0}{1} ", "{0}-{1}", "{0}\u00a0{1}"])
def test_spaces_do_no_harm(app, typed):
    here = visit(app)
    ask(here)
    digits = code(app, READER)
    assert type_in(here, typed.format(digits[:3], digits[3:])).status_code == 303


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "１２３４５６", "12345\0"])
def test_what_is_no_code_is_no_try(app, typed):
    here = visit(app)
    ask(here)
    assert type_in(here, typed).status_code in {400, 422}
    db.session.rollback()
    assert db.session.scalar(db.select(SignInLetter.code_tries)) == 0


def test_a_letter_has_five_tries(app):
    here = visit(app)
    ask(here)
    digits = code(app, READER)
    for _ in range(MOST_TRIES - 1):
        assert type_in(here, wrong(digits)).status_code == 422
    assert type_in(here, digits).status_code == 303, "the fifth may be right"


def test_after_five_wrong_tries_the_right_code_does_not_help_but_the_link_does(app):
    here = visit(app)
    ask(here)
    digits = code(app, READER)
    for _ in range(MOST_TRIES):
        type_in(here, wrong(digits))
    assert type_in(here, digits).status_code == 422
    assert here.post(link(app, READER, "link")).status_code == 303


def test_tries_are_counted_in_the_database_for_every_process(two_sites):
    stay_in_one_window()
    here = visit(two_sites[0])
    ask(here)
    digits = code(two_sites[0], READER)
    cookie = here.get_cookie("masthead_asked", path="/account/link").value

    def guess(number: int) -> int:
        client = visit(two_sites[number % 2])
        client.set_cookie("masthead_asked", cookie, path="/account/link")
        return type_in(client, wrong(digits)).status_code

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(guess, range(8))) == {422}
    with two_sites[0].app_context():
        assert db.session.scalar(db.select(SignInLetter.code_tries)) == MOST_TRIES
    assert type_in(here, digits).status_code == 422


def test_scanners_that_open_the_link_spend_neither_link_nor_code(app):
    here, scanner = visit(app), visit(app)
    ask(here)
    for method in ("GET", "HEAD") * 5:
        assert scanner.open(link(app, READER, "link"), method=method).status_code == 200
        assert here.open("/account/link/code", method=method).status_code == 200
    assert not is_signed_in(scanner) and not is_signed_in(here)
    assert type_in(here, code(app, READER)).status_code == 303


def test_code_and_link_spend_each_other(app):
    here, there = visit(app), visit(app)
    ask(here)
    digits, path = code(app, READER), link(app, READER, "link")
    assert type_in(here, digits).status_code == 303
    assert there.post(path).status_code == 410 and type_in(here, digits).status_code == 422
    ask(here)
    digits, path = code(app, READER), link(app, READER, "link")
    assert there.post(path).status_code == 303
    assert type_in(here, digits).status_code == 422


def test_a_new_letter_leaves_the_former_its_life(app):
    here, nuisance = visit(app), visit(app)
    ask(here)
    first, first_link = code(app, READER), link(app, READER, "link")
    ask(nuisance)
    ask(here)
    second = code(app, READER)
    assert type_in(here, second).status_code == 303
    assert type_in(here, first).status_code == 303, "each works once, in whatever order they arrive"
    assert here.post(first_link).status_code == 410


def test_a_code_is_over_after_a_quarter_of_an_hour(app):
    assert LETTER_LIFE[LetterKind.SIGN_IN] == timedelta(minutes=15)
    here = visit(app)
    ask(here)
    age(timedelta(minutes=15))
    assert type_in(here, code(app, READER)).status_code == 422


def test_one_code_typed_four_times_at_once_signs_in_once(two_sites):
    here = visit(two_sites[0])
    ask(here)
    digits = code(two_sites[0], READER)
    cookie = here.get_cookie("masthead_asked", path="/account/link").value

    def enter(number: int) -> int:
        client = visit(two_sites[number % 2])
        client.set_cookie("masthead_asked", cookie, path="/account/link")
        return type_in(client, digits).status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(enter, range(4))) == [303, 422, 422, 422]


def test_many_codes_from_one_network_are_too_many(app):
    stay_in_one_window()
    assert {type_in(visit(app), "123456").status_code for _ in range(50)} == {422}
    assert type_in(visit(app), "123456").status_code == 429


def test_the_page_with_the_code_does_not_tell_who_has_an_account(app):
    make_account("known@example.org")
    texts = {ask(visit(app), email).text.replace(email, "") for email in ("known@example.org", "nobody@example.org")}
    assert len(texts) == 1


def test_the_database_keeps_no_code(app):
    here = visit(app)
    ask(here)
    digits = code(app, READER)
    db.session.rollback()
    letter = db.session.scalars(db.select(SignInLetter)).one()
    kept = " ".join(str(getattr(letter, column.key)) for column in SignInLetter.__table__.columns)
    assert digits not in kept.replace("-", " ").split() and letter.code_hash != SignInLetter.hash(digits)


def test_letters_that_are_over_are_forgotten(app):
    app.config["STRIPE_SECRET_KEY"] = ""
    ask(visit(app))
    sweep()
    assert db.session.scalar(db.select(db.func.count(SignInLetter.id))) == 1
    age(timedelta(days=3))
    sweep()
    assert db.session.scalar(db.select(db.func.count(SignInLetter.id))) == 0
    assert len(letters(app, READER)) == 1
