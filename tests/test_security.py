"""What every answer carries, and what no request may bring."""

import pytest
from flask.testing import FlaskClient

from tests.makers import make_account, sign_in


@pytest.mark.parametrize("path", ["/", "/nowhere", "/donate", "/account/login", "/static/css/site.css", "/healthz"])
def test_every_answer_carries_the_headers(client: FlaskClient, path: str) -> None:
    with client.get(path) as page:
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "*" not in policy
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("path", ["/", "/donate", "/offers", "/account/login", "/account/register", "/nowhere"])
def test_a_visitors_page_is_nobodys_in_particular(client: FlaskClient, path: str) -> None:
    page = client.get(path)
    assert "Set-Cookie" not in page.headers
    assert "Cookie" not in page.headers.get("Vary", "")


def test_a_readers_page_is_kept_by_nobody(client: FlaskClient) -> None:
    sign_in(client, make_account())
    assert client.get("/").headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("path", ["/orders/%00", "/articles/a%00b", "/category/x?before=%00", "/%00"])
def test_a_nul_is_refused(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code in {400, 404}
    assert client.post("/account/login", data={"email": "a\0@example.org", "password": "x"}).status_code == 400


def test_a_host_that_is_not_ours_is_refused(client: FlaskClient) -> None:
    assert client.get("/", headers={"Host": "elsewhere.example"}).status_code == 400


def test_the_letter_box_is_shown_to_this_machine_only(client: FlaskClient) -> None:
    assert client.get("/mail").status_code == 200
    assert client.get("/mail", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404
    assert client.get("/mail", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 404
    assert client.get("/mail/..%2Fsettings").status_code == 404
