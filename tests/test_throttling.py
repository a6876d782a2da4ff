"""How often each form of the account's pages may be sent, counted together by processes that share only a database."""

from concurrent.futures import ProcessPoolExecutor

import pytest

from models import Attempts, begin_write, db
from tests import forked
from tests.accounts_tools import is_signed_in, stay_in_one_window, visit
from tests.conftest import open_site, sited
from tests.makers import PASSWORD, make_account, sign_in

EMAIL = "reader@example.org"
# The form, what is sent, whether one must be signed in, and how often it is let through.
FORMS = {
    "login": ({"email": EMAIL, "password": "wrong wrong wrong"}, False, 10),
    "link": ({"email": EMAIL}, False, 5),
    "forgot": ({"email": EMAIL}, False, 5),
    "register": ({"email": "another@example.org", "password": "four quiet words upstairs"}, False, 5),
    "link/code": ({"code": "123456"}, False, 50),
    "password": ({"current": "wrong wrong wrong", "password": "four quiet words upstairs"}, True, 10),
    "email": ({"email": "new@example.org", "current": "wrong wrong wrong"}, True, 10),
    "verify": ({}, True, 5),
}


def send(settings: dict, form: str, data: dict, signed_in: bool, times: int) -> list[int]:
    """In a process of its own: the answers to `times` posts of a form."""
    site = sited(settings)
    with site.app_context():
        codes = []
        client = visit(site)
        if signed_in:
            client.post("/account/login", data={"email": EMAIL, "password": PASSWORD})
        for _ in range(times):
            poster = client if signed_in else visit(site)
            codes.append(poster.post(f"/account/{form}", data=data).status_code)
        db.session.remove()
        db.engine.dispose()
    return codes


@pytest.fixture
def two_processes():
    with ProcessPoolExecutor(2, mp_context=forked.processes()) as pool:
        yield pool


def test_two_processes_count_together(settings, two_processes):
    """Each process alone would let every one of these through."""
    app = open_site(settings)
    with app.app_context():
        make_account(EMAIL, verified=False)
        db.session.remove()
        db.engine.dispose()
    for form, (data, signed_in, most) in FORMS.items():
        stay_in_one_window()
        with app.app_context():
            forget_tries()
        sent = [two_processes.submit(send, settings, form, data, signed_in, most) for _ in range(2)]
        codes = [code for done in sent for code in done.result()]
        assert len(codes) - codes.count(429) == most, (form, codes)
        assert codes.count(429) == most, form


def test_a_session_that_is_ended_in_one_process_is_ended_in_the_other(settings, two_processes):
    app = open_site(settings)
    with app.app_context():
        reader, here = make_account(EMAIL), visit(app)
        sign_in(here, reader)
        cookie = here.get_cookie("masthead").value
        assert two_processes.submit(look, settings, cookie).result() is True
        here.post("/account/logout")
        assert two_processes.submit(look, settings, cookie).result() is False
        db.session.remove()
        db.engine.dispose()


def look(settings: dict, cookie: str) -> bool:
    """In a process of its own: whether this session cookie signs in."""
    site = sited(settings)
    with site.app_context():
        client = visit(site)
        client.set_cookie("masthead", cookie)
        known = is_signed_in(client)
        db.session.remove()
        db.engine.dispose()
    return known


def forget_tries() -> None:
    begin_write()
    db.session.execute(db.delete(Attempts))
    db.session.commit()
    db.session.remove()
    db.engine.dispose()
    db.session.remove()
    db.engine.dispose()
