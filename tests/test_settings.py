"""What starts and what is refused."""

from pathlib import Path

import pytest

from app import create_app


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"STRIPE_SECRET_KEY": ""}, "STRIPE_SECRET_KEY is not set", id="no key"),
        pytest.param({"STRIPE_WEBHOOK_SECRETS": ""}, "STRIPE_WEBHOOK_SECRETS is not set", id="no webhook secret"),
        pytest.param({"STRIPE_SECRET_KEY": "sk_live_1"}, "live key", id="live key with the sandbox's address"),
        pytest.param({"SITE_URL": "https://example.org"}, "SITE_URL is public", id="sandbox behind a public address"),
        pytest.param({"STRIPE_API_BASE": "http://example.org"}, "on this machine", id="an address elsewhere"),
        pytest.param({"STRIPE_SECRET_KEY": "pk_test_1"}, "secret key", id="a publishable key"),
        pytest.param({"SECRET_KEY": ""}, "SECRET_KEY is not set", id="no secret"),
    ],
)
def test_unsafe_settings_do_not_start(settings: dict, changes: dict, words: str, capsys) -> None:
    with pytest.raises(SystemExit) as refusal:
        create_app(settings | changes)
    assert refusal.value.code == 2
    said = capsys.readouterr().err.strip()
    assert words in said and "\n" not in said


def test_a_real_test_key_needs_no_address(settings: dict) -> None:
    app = create_app(settings | {"STRIPE_API_BASE": "", "SITE_URL": "https://example.org"})
    assert not app.config["SANDBOX"]


def test_the_environment_wins_over_the_file(settings: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    data: Path = settings["DATA"]
    data.mkdir(parents=True)
    (data / "settings.env").write_text("SITE_NAME=Kept\nCURRENCY=USD\nSTRIPE_API_BASE=http://127.0.0.1:1\n")
    monkeypatch.setenv("CURRENCY", "GBP")
    monkeypatch.setenv("STRIPE_API_BASE", "")  # set to nothing: no sandbox, whatever the file says
    app = create_app({k: v for k, v in settings.items() if k != "STRIPE_API_BASE"})
    assert (app.config["SITE_NAME"], app.config["CURRENCY"], app.config["SANDBOX"]) == ("Kept", "GBP", False)
