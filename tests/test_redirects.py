"""Old addresses: kept in one step, whatever moves again, and told apart by their query."""

import pytest
from flask import Flask

from models import Redirect, begin_write, db


def moved(*steps: tuple[str, str]) -> dict[str, str]:
    """What is kept after these moves."""
    begin_write()
    for old, new in steps:
        Redirect.keep(old, new)
    db.session.commit()
    return {row.path: row.target for row in db.session.scalars(db.select(Redirect))}


def test_a_chain_is_one_step(app: Flask) -> None:
    assert moved(("/a", "/b"), ("/b", "/c"), ("/c", "/d")) == {"/a": "/d", "/b": "/d", "/c": "/d"}


def test_moving_back_and_forth_makes_no_loop(app: Flask) -> None:
    assert moved(("/a", "/b"), ("/b", "/a")) == {"/b": "/a"}
    assert moved(("/a", "/b")) == {"/a": "/b"}
    assert moved(("/a", "/b"), ("/b", "/c"), ("/c", "/a")) == {"/b": "/a", "/c": "/a"}


def test_an_address_that_answers_again_leads_nowhere_else(app: Flask) -> None:
    moved(("/old", "/taken"))
    assert moved(("/story", "/old")) == {"/story": "/old"}


def test_keeping_twice_is_keeping_once(app: Flask) -> None:
    once = moved(("/2018/12/x/", "/articles/x"), ("/?p=42", "/articles/x"))
    assert moved(("/2018/12/x/", "/articles/x"), ("/?p=42", "/articles/x")) == once
    assert once == {"/2018/12/x": "/articles/x", "/?p=42": "/articles/x"}


def test_to_itself_is_nothing(app: Flask) -> None:
    assert moved(("/a/", "/a"), ("/a", "/a?b=1")) == {}


def test_a_target_with_a_query_closes_no_loop(app: Flask) -> None:
    assert moved(("/a", "/b?x=1"), ("/b", "/c"), ("/c", "/a")) == {"/b": "/a", "/c": "/a"}
    moved(("/a", "/b?x=1"))
    assert Redirect.leading_from("/b") is None


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("/%E5%AD%9F%e6%99%9a%E8%88%9F/", "/孟晚舟"),
        ("/a//", "/a"),
        ("/", "/"),
        ("/?p=42#more", "/?p=42"),
        ("/a?", "/a"),
        ("/a/?x=%2F", "/a?x=%2F"),
    ],
)
def test_addresses_are_kept_tidy(app: Flask, written: str, kept: str) -> None:
    assert kept in moved((written, "/there"))


def test_a_request_finds_its_query_first_then_its_path(app: Flask) -> None:
    moved(("/", "/home"), ("/?p=42", "/articles/x"), ("/2018/孟", "/articles/meng"))

    def led(path: str, query: str = "") -> str | None:
        found = Redirect.leading_from(path, query)
        return found and found.target

    assert led("/", "p=42") == "/articles/x"
    assert led("/", "p=43") == "/home"
    assert led("/2018/孟/", "utm_source=letter") == "/articles/meng"
    assert led("/2018") is None
