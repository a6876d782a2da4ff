"""Which passwords are refused, and what their owner is told."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from models import Account, db
from models.passwords import LONGEST_LOOK, SHORTEST, refusal
from tests.accounts_tools import visit
from tests.makers import PASSWORD, make_account, sign_in

ROOT = Path(__file__).parent.parent
ABOUT = ("robin@example.org", "Robin Aldermeer", "Upstairs")


@pytest.mark.parametrize(
    "password",
    [
        "trombone",
        "TROMBONE",
        "P@ssw0rd",
        "drowssap",
        "geheim123",
        "Welkom2026",
        "woaini1314",
        "woaini520",
        "wodemima",
        "qq123456",
        "masthead1",
        "zxcvbnm,./",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "abcabcabcabc",
        "密码密码密码密码",
        "20261128",
        "1234567890",
        "robin@example.org",
        "ROBIN@example.org",
        "Aldermeer1",
        "robinexample",
        "upstairs2026",
    ],
)
def test_what_is_guessed_soon_is_refused_with_a_reason_and_a_remedy(password):
    why, _, helps = refusal(password, ABOUT).partition(". ")
    assert why and "three or four words" in helps


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "correct horse battery",
        "我在楼上读书 quietly",
        "kx7Qp2mz",
        "de kat slaapt op zolder",
        "lamp-otter-seven",
    ],
)
def test_several_words_or_eight_random_signs_will_do(password):
    assert refusal(password, ABOUT) == ""


def test_every_listed_password_that_is_long_enough_is_refused():
    listed = [word for word in FREQUENCY_LISTS["passwords"] if len(word) >= SHORTEST]
    assert len(listed) > 5000
    assert [word for word in listed[::29] if not refusal(word)] == []


def test_the_length_is_counted_without_the_spaces_around_it():
    assert "too short" in refusal("  kx7Qp2m  ") and not refusal("  kx7Qp2mz  ")


def test_what_is_no_secret_is_another_thing_for_another_reader():
    assert "no secret" in refusal("aldermeer1", ABOUT)
    assert refusal("aldermeer1", ("kim@example.org",)) == ""
    assert refusal("aldermeer1") == "", "nothing of the reader before is kept"


def test_no_password_keeps_the_machine_busy():
    """Signs that may be letters multiply; a look at 72 of them would take five seconds."""
    dice = random.Random(7)
    worst = 0.0
    for signs in ("4@8({[<369!1|70$5+%2abcdefghijkl", "4361!0$abcdefgh" * 3, "4@8({[<369!1|70$" * 2):
        password = "".join(dice.sample(signs, LONGEST_LOOK)) * 30
        began = time.process_time()
        refusal(password, ABOUT)
        worst = max(worst, time.process_time() - began)
    assert worst < 0.2


def test_the_lists_are_loaded_by_those_who_need_them_only(tmp_path):
    asks = "import sys, app; app.create_app({'STRIPE_SECRET_KEY': 'sk_test_x', 'SECRET_KEY': 'x',"
    asks += (
        "'STRIPE_WEBHOOK_SECRETS': 'whsec_x', 'STRIPE_API_BASE': 'http://127.0.0.1:1'}); print('zxcvbn' in sys.modules)"
    )
    said = subprocess.run(
        [sys.executable, "-c", asks],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"DATA": str(tmp_path)},
    )
    assert said.stdout.split() == ["False"]


def test_a_new_password_is_held_against_the_readers_own_name(app):
    reader, browser = make_account("robin@example.org", name="Robin Aldermeer"), visit(app)
    sign_in(browser, reader)
    reply = browser.post("/account/password", data={"current": PASSWORD, "password": "aldermeer1"})
    assert reply.status_code == 422 and "no secret" in reply.text


def test_the_operators_command_follows_the_same_rule(app):
    run = app.test_cli_runner().invoke
    for password in ("trombone", "upstairs1", "chief@example.org"):
        refused = run(args=["create-user", "chief@example.org", "--role", "owner"], input=f"{password}\n")
        assert refused.exit_code != 0 and "three or four words" in refused.output
    assert db.session.scalar(db.select(Account)) is None
    assert run(args=["create-user", "chief@example.org", "--role", "owner"], input=f"{PASSWORD}\n").exit_code == 0
