"""How fast pages are, held against bare Flask in the same run on the same machine."""

from collections.abc import Iterator
from pathlib import Path

from bench.corpus import SETTINGS, slug
from bench.serving import Serving, each_once, median, serve, wrk

ROUNDS = 3
COLD_ROUNDS = 9
ONE_BY_ONE = [(first, first + 200) for first in range(10, 1010, 200)]  # stories, by number
STORY = "/articles/{}"
Row = tuple[str, str, str]  # what, how much, what was wanted


def site_env(data: Path) -> dict[str, str]:
    return {**SETTINGS, "DATA": str(data)}


def save_bytes(data: Path, path: str, encoding: str) -> Path:
    """The site's answer to one address, as a file for the yardstick."""
    with serve("shipped", "app:create_app", site_env(data)) as site:
        _status, _headers, body = site.get(path, **{"Accept-Encoding": encoding})
    kept = data / f"bench-{encoding}-{path.strip('/').replace('/', '-') or 'front'}"
    kept.write_bytes(body)
    return kept


def warm(data: Path, count: int) -> Iterator[Row]:
    """The same page again and again, from our cache and from bare Flask's memory, in turns."""
    for path, name in ((STORY.format(slug(count - 1)), "article"), ("/", "front page")):
        body = save_bytes(data, path, "gzip")
        for server in ("shipped", "granian"):
            with (
                serve(server, "app:create_app", site_env(data)) as site,
                serve(server, "bench.bare:kept", {"BENCH_BYTES": str(body)}) as bare,
            ):
                site.get(path, **{"Accept-Encoding": "gzip"})
                pairs = [(wrk(bare, path), wrk(site, path)) for _ in range(ROUNDS)]
            yield ratio(f"warm {name}, {server}", pairs, "70 %")


def cold(data: Path, count: int) -> Iterator[Row]:
    """Stories that are in no cache, each once; a server that has just started has none.

    Many short rounds: how connections fall to the processes makes one round twice as fast as the next.
    """
    page = save_bytes(data, STORY.format(slug(count - 1)), "identity")
    env = {"BENCH_SIZE": str(page.stat().st_size), "BENCH_DATA": str(data)}
    pairs = []
    for _ in range(COLD_ROUNDS):
        with serve("shipped", "bench.bare:rendered", env) as bare:
            plain = each_once(bare)
        with serve("shipped", "app:create_app", site_env(data)) as site:
            pairs.append((plain, each_once(site)))
    yield ratio("cold articles, shipped", pairs, "60 %")
    with (
        serve("shipped", "bench.bare:rendered", env) as bare,
        serve("shipped", "app:create_app", site_env(data)) as site,
    ):
        shares = [(cpu_each(site, *few), cpu_each(bare, *few)) for few in ONE_BY_ONE]
    ours, theirs = (median([pair[n] for pair in shares]) * 1000 for n in (0, 1))
    yield "the same, processor time", f"{theirs / ours:.0%} ({ours:.1f} ms to {theirs:.1f} ms)", ""


def ratio(name: str, pairs: list[tuple[float, float]], wanted: str) -> Row:
    """The median of what ours reaches of the yardstick, round by round."""
    share = median([ours / bare for bare, ours in pairs])
    ours, bare = median([ours for _, ours in pairs]), median([bare for bare, _ in pairs])
    return name, f"{share:.0%} ({ours:,.0f} of {bare:,.0f} requests a second)", f"at least {wanted}"


def growth(small: Path, large: Path, few: int) -> Iterator[Row]:
    """Processor time of a cold story in a small magazine and in a large one."""
    figures = []
    for data in (small, large):
        with serve("shipped", "app:create_app", site_env(data)) as site:
            figures.append(cpu_each(site, 10, few))
    yield "cold article's processor time, large to small", f"{figures[1] / figures[0]:.0%}", "at most 110 %"


def cpu_each(served: Serving, first: int, last: int) -> float:
    """Seconds of processor time that a cold story takes: these are asked for once, one after the other."""
    ask(served, 1, 10)  # so that what a process makes once is made
    before = served.cpu()
    ask(served, first, last)
    return (served.cpu() - before) / (last - first)


def ask(site: Serving, first: int, last: int) -> None:
    for number in range(first, last):
        site.get(STORY.format(slug(number)), **{"Accept-Encoding": "gzip"})
