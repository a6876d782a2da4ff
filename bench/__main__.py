"""`make bench`: print the table. With names, only those parts: `python -m bench warm cold`."""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import edge, finding, pages, releasing, weight
from bench.corpus import build
from bench.pages import Row

SIZES = (100, 10_000, 100_000)
DATA = Path(__file__).parent / ".data"


def site(size: int) -> Path:
    return build(size, DATA / str(size))


PARTS: dict[str, Callable[[], Iterator[Row]]] = {
    "warm": lambda: pages.warm(site(10_000), 10_000),
    "cold": lambda: pages.cold(site(10_000), 10_000),
    "read": lambda: releasing.read(releasing.metered(100, DATA / "read")),
    "growth": lambda: pages.growth(site(100), site(100_000), 100),
    "edge": lambda: edge.cached(site(10_000), 10_000),
    "search": lambda: finding.search(site(100_000)),
    "lists": lambda: finding.lists(site(100_000), 100_000),
    "weight": lambda: weight.weight(site(100), 100),
    "lighthouse": lambda: weight.lighthouse(site(100), 100),
}


def main(names: list[str]) -> None:
    if not shutil.which("wrk"):
        sys.exit("make bench needs wrk, which loads the servers: apt install wrk")
    if unknown := set(names) - set(PARTS):
        sys.exit(f"No such part: {', '.join(sorted(unknown))}. There are {', '.join(PARTS)}.")
    for name in names or PARTS:
        for what, figure, wanted in PARTS[name]():
            print(f"{what:<48} {figure:<48} {wanted}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
