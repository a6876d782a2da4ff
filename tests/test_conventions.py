"""The rules of the house, as tests: imports point one way, changes come from our own pages, files stay small."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from blueprints.security import SIGNED_ELSEWHERE
from models import db

ROOT = Path(__file__).parent.parent
AREAS = {"magazine", "accounts", "donations", "offers", "desk", "ops", "feeds", "comments", "contribute"}
PURE = {"user_agent", "search_text", "money", "pricing", "metering", "hanzi", "plain", "html_tree", "slug", "heat"}
PURE |= {"csv_cells", "nobody", "networks", "crawling", "address_token"}
STDLIB_FREE = {"flask", "sqlalchemy", "flask_sqlalchemy", "flask_login", "stripe", "wtforms", "markdown_it", "nh3"}


def python_files(place: str) -> list[Path]:
    path = ROOT / place
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


def imports(file: Path) -> Iterator[str]:
    """Every module a file imports, inside functions too."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def reaches(module: str, target: str) -> bool:
    return module == target or module.startswith(f"{target}.")


@pytest.mark.parametrize(
    ("place", "forbidden"),
    [
        ("models", {"blueprints", "app", "flask", "stripe", "stripe_sandbox", "wtforms"}),
        ("blueprints", {"app", "stripe_sandbox"}),
        ("stripe_sandbox", {"models", "blueprints", "app"}),
        ("deploy", {"models", "blueprints", "app", "stripe_sandbox", "flask"}),
    ],
)
def test_imports_point_one_way(place: str, forbidden: set[str]) -> None:
    for file in python_files(place):
        wrong = [name for name in imports(file) for target in forbidden if reaches(name, target)]
        assert not wrong, (file.relative_to(ROOT), wrong)


def test_pure_modules_import_the_standard_library_only() -> None:
    for name in PURE:
        file = ROOT / "models" / f"{name}.py"
        outside = [m for m in imports(file) if m.partition(".")[0] in STDLIB_FREE]
        ours = [m for m in imports(file) if m.startswith("models.") and m.split(".")[1] not in PURE]
        assert not outside and not ours, (name, outside, ours)


def test_areas_never_import_one_another() -> None:
    for area in AREAS:
        for file in python_files(f"blueprints/{area}"):
            for name in imports(file):
                parts = name.split(".")
                if parts[0] == "blueprints" and len(parts) > 1 and parts[1] in AREAS:
                    assert parts[1] == area, (file.relative_to(ROOT), name)


def test_stripe_is_imported_in_one_place() -> None:
    speaking = {
        str(file.relative_to(ROOT))
        for place in ("models", "blueprints", "app.py")
        for file in python_files(place)
        if any(reaches(name, "stripe") for name in imports(file))
    }
    assert speaking == {"blueprints/payments/stripe_gateway.py"}


def test_only_the_presenter_reads_a_body() -> None:
    """Templates and views get an article's text from models/presenting.py, which asks who may read."""
    texts = re.compile(r"\b(?:article|story|row|a)\.(?:body_html|teaser_html|references_html)\b")
    for file in [*python_files("blueprints"), *(ROOT / "templates").rglob("*.html")]:
        assert not texts.search(file.read_text()), file.relative_to(ROOT)
        beside = [line for line in file.read_text().splitlines() if ".inside" in line]  # what may quote the text
        assert all("if shown.is_open else" in line for line in beside), file.relative_to(ROOT)


def test_there_is_one_door_in() -> None:
    """Every sign-in passes blueprints/accounts/second_step.py, which asks for the second factor."""
    calls = re.compile(r"(?<!def )\b(?:start_session|login_user)\(")
    found = {file.name for file in python_files("blueprints") if calls.search(file.read_text())}
    assert found == {"second_step.py", "login.py"}


def test_escaping_is_switched_off_in_reviewed_places_only() -> None:
    assert not [f for f in (ROOT / "templates").rglob("*.html") if re.search(r"\|\s*safe\b", f.read_text())]


def test_no_inline_script_or_style() -> None:
    inline = re.compile(r"<script>|<style|\sstyle=\"|\son[a-z]+=\"")
    for file in [*(ROOT / "templates").rglob("*.html"), *(ROOT / "stripe_sandbox").rglob("*.html")]:
        assert not inline.search(file.read_text()), file.relative_to(ROOT)


def test_no_change_may_come_from_another_site(app: Flask, client: FlaskClient) -> None:
    for rule in app.url_map.iter_rules():
        if "POST" in (rule.methods or ()) and rule.endpoint not in SIGNED_ELSEWHERE:
            with app.test_request_context():
                url = app.url_for(rule.endpoint, **dict.fromkeys(rule.arguments, "1"), _external=False)
            reply = client.post(url, headers={"Sec-Fetch-Site": "cross-site"})
            assert reply.status_code == 403, rule
            reply = client.post(url, headers={"Sec-Fetch-Site": "", "Origin": "https://elsewhere.example"})
            assert reply.status_code == 403, rule


def test_addresses_are_kebab_case(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        fixed = re.sub(r"<[^>]+>", "", rule.rule)
        assert re.fullmatch(r"[a-z0-9/.\-]*", fixed), rule


def test_every_table_is_exported() -> None:
    import models

    tables = {mapper.class_.__name__ for mapper in db.Model.registry.mappers}
    assert tables <= set(models.__all__)


@pytest.mark.parametrize(("file", "lines"), [("app.py", 60), ("tests/conftest.py", 180)])
def test_files_that_tend_to_grow_stay_small(file: str, lines: int) -> None:
    assert len((ROOT / file).read_text().splitlines()) <= lines


def test_no_python_file_is_a_heap() -> None:
    for place in ("models", "blueprints", "stripe_sandbox", "deploy"):
        for file in python_files(place):
            assert len(file.read_text().splitlines()) <= 420, file.relative_to(ROOT)
