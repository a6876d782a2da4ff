"""How fast lists and search answer in a magazine of 100,000 stories."""

import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from urllib.parse import quote

from bench.corpus import APART, CATEGORIES, NEWEST
from bench.pages import Row, site_env
from bench.prose import HANZI, TRADITIONAL, WORDS
from bench.serving import Serving, median, serve

QUESTIONS = 400
WARMING = 20  # of them find a server that has just started
PAGE = 24  # stories on a page of a list, as blueprints.magazine.paging has it


def questions(pick: Random) -> list[str]:
    """Words of one hanzi, two, more; of both scripts, Latin, and mixed; each asked for once."""
    kinds = (
        lambda: pick.choice(HANZI)[:1],
        lambda: pick.choice(HANZI),
        lambda: pick.choice(HANZI) + pick.choice(HANZI),
        lambda: pick.choice(TRADITIONAL),
        lambda: pick.choice(WORDS),
        lambda: pick.choice(WORDS)[:3],
        lambda: f"{pick.choice(WORDS)} {pick.choice(HANZI)}",
        lambda: f"{pick.choice(WORDS)} {pick.choice(WORDS)} {pick.choice(WORDS)}",
    )
    return list(dict.fromkeys(pick.choice(kinds)() for _ in range(3 * QUESTIONS)))[:QUESTIONS]


def seconds(site: Serving, path: str) -> float:
    """How long one page takes, from request to last byte. Raises on anything but a page."""
    begun = time.perf_counter()
    status, _headers, _body = site.get(path)
    if status != 200:
        raise RuntimeError(f"{path} answered {status}")
    return time.perf_counter() - begun


def search(data: Path) -> Iterator[Row]:
    """One question at a time, none asked twice, nothing cached."""
    asked = questions(Random(11))  # noqa: S311 - the same every time
    with serve("shipped", "app:create_app", site_env(data)) as site:
        asking = [seconds(site, f"/search?q={quote(question)}") for question in asked]
    warm = list(zip(asked, asking, strict=True))[WARMING:]
    times = sorted(took for _, took in warm)
    yield "search, 99th percentile", milliseconds(at(times, 0.99), median(times)), "below 50 ms"
    short = sorted(took for question, took in warm if len(question) == 2 and question > "z")
    yield "search for two hanzi, slowest", milliseconds(short[-1], median(short)), "below 50 ms"


def milliseconds(much: float, middle: float) -> str:
    return f"{much * 1000:.0f} ms (median {middle * 1000:.0f})"


def at(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def lists(data: Path, count: int) -> Iterator[Row]:
    """The first page of a section against one deep down, in turns; a server that has just started has none cached."""
    last = min(500, count // CATEGORIES // PAGE - 2)
    deep = f"{NEWEST - APART * PAGE * CATEGORIES * (last - 1):%Y-%m-%dT%H:%M:%SZ},1"
    first, far = [], []
    for _ in range(3):
        with serve("shipped", "app:create_app", site_env(data)) as site:
            for number in range(1, CATEGORIES + 1):
                first.append(seconds(site, f"/category/section-{number}"))
                far.append(seconds(site, f"/category/section-{number}?before={quote(deep)}"))
    share = median(far) / median(first)
    yield f"section page {last} to page 1, time", f"{share:.0%} ({median(far) * 1000:.0f} ms)", "about 100 %"
