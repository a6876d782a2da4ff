"""How heavy a story is on the wire, and what Lighthouse says of it."""

import gzip
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.corpus import slug
from bench.pages import Row, site_env
from bench.serving import Serving, median, serve
from models.hanzi import count as count_words

LINKED = re.compile(r'<(?:script|link)[^>]+(?:src|href)="(/static/[^"]+\.(?:css|js|woff2)[^"]*)"')
BODY = re.compile(r'<div class="text.*?</div>', re.S)
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
TIMES = ("largest-contentful-paint", "total-blocking-time")
AUDITS = 3  # of each page: one differs from the next by a third


def long_story(site: Serving, count: int) -> str:
    """The address of a story of about 900 words."""
    for number in range(count, 0, -1):
        page = site.get(f"/articles/{slug(number)}")[2].decode()
        words, hanzi = count_words(re.sub(r"<[^>]+>", " ", "".join(BODY.findall(page))))
        if 880 <= words + hanzi // 2 <= 960:
            return f"/articles/{slug(number)}"
    raise RuntimeError("no story of 900 words")


def weight(data: Path, count: int) -> Iterator[Row]:
    with serve("shipped", "app:create_app", site_env(data)) as site:
        story = long_story(site, count)
        _status, headers, body = site.get(story, **{"Accept-Encoding": "gzip"})
        yield "HTML of a 900-word story, gzip", kilobytes(len(body)), "at most 12 kB"
        page = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
        files = {path: gzip.compress(site.get(path)[2], 9) for path in LINKED.findall(page.decode())}
    yield "its CSS, script and fonts, gzip", kilobytes(sum(map(len, files.values()))), "at most 15 kB"
    scripts = [len(file) for path, file in files.items() if ".js" in path]
    yield "script of that", kilobytes(sum(scripts)), "at most 6 kB"


def kilobytes(size: int) -> str:
    return f"{size / 1000:.1f} kB"


def lighthouse(data: Path, count: int) -> Iterator[Row]:
    """Lighthouse's four scores, as a phone would have it. Needs npm and Chromium."""
    chrome = os.environ.get("CHROME") or shutil.which("chromium") or shutil.which("chromium-headless-shell")
    if not chrome or not shutil.which("npx"):
        yield "Lighthouse", "not measured: needs npx and Chromium", ""
        return
    with serve("shipped", "app:create_app", site_env(data)) as site:
        for path, name in ((long_story(site, count), "article"), ("/", "front page")):
            site.get(path, **{"Accept-Encoding": "gzip"})
            audits = [audit(f"http://127.0.0.1:{site.port}{path}", chrome) for _ in range(AUDITS)]
            scores = [median([round(100 * a["categories"][what]["score"]) for a in audits]) for what in CATEGORIES]
            yield f"Lighthouse, {name}: speed, access, practice, SEO", " ".join(map(str, scores)), "100 100 100 100"
            paint, blocked = (median([a["audits"][what]["numericValue"] for a in audits]) for what in TIMES)
            yield f"{name}: largest paint, blocked", f"{paint / 1000:.2f} s, {blocked:.0f} ms", "at most 1.2 s, 0 ms"


def audit(url: str, chrome: str) -> dict[str, dict]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = ["npx", "--yes", "lighthouse", url, "--quiet", "--output=json", f"--output-path={report}"]
        command += [f"--only-categories={','.join(CATEGORIES)}", "--chrome-flags=--headless --no-sandbox"]
        subprocess.run(command, env={**os.environ, "CHROME_PATH": chrome}, check=True, timeout=240)  # noqa: S603
        return dict(json.loads(report.read_text()))
