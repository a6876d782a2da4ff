"""The whole magazine as `make run` opens it, and a Chromium that walks through it with script and without."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests import services
from tests.browser.steps import PICTURES
from tests.browser.watching import Watch
from tests.launched import Magazine, free_ports

BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
QUIET += ["--disable-sync", "--no-first-run"]
PATIENCE = 10_000  # milliseconds; a page that waits for a webhook looks again every three seconds
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The browser, or a visible skip. Ends with this folder, for Playwright's loop would be in others' way."""
    found = next(filter(None, (shutil.which(name) for name in (os.environ.get("CHROME") or "", *BROWSERS))), None)
    if found is None:
        services.missing("no Chromium on this machine: sudo apt install chromium-headless-shell")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def magazine(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Magazine]:
    """`make run` with the demo magazine, for all these tests of a worker: they may not count on its first state."""
    with Magazine(tmp_path_factory.mktemp("magazine") / "data", *free_ports()) as running:
        running.wait_until_open()
        yield running
        running.stop(signal.SIGTERM)


@pytest.fixture(scope="package")
def site(magazine: Magazine) -> str:
    return f"http://127.0.0.1:{magazine.port}"


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def script(request: pytest.FixtureRequest) -> bool:
    """Tests that take this, or `page`, run twice."""
    return request.param


@pytest.fixture
def open_page(chromium: Browser, magazine: Magazine, site: str) -> Iterator[Callable[..., Page]]:
    """Opens a page in a browser window of its own; at the end none of them may have anything to complain of."""
    watch = Watch({site, f"http://127.0.0.1:{magazine.sandbox_port}"})
    windows = []

    def open_one(**options: object) -> Page:
        window = chromium.new_context(base_url=site, locale="en-GB", **options)
        windows.append(window)
        window.set_default_timeout(PATIENCE)
        window.set_default_navigation_timeout(PATIENCE)
        page = window.new_page()
        watch.over(page)
        return page

    yield open_one
    for window in windows:
        window.close()
    assert watch.complaints == []


@pytest.fixture
def page(open_page: Callable[..., Page], script: bool) -> Page:
    """A visitor's first page, with script and without."""
    return open_page(java_script_enabled=script)


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Keeps what a page looks like in tests/pictures/."""
    PICTURES.mkdir(exist_ok=True)

    def keep(page: Page, name: str) -> None:
        script = "" if request.getfixturevalue("script") else "-no-script"
        page.screenshot(path=PICTURES / f"{name}{script}.png")

    return keep
