"""How fast the meter releases a text, against a bare Flask view with the same queries and the same bytes."""

from collections.abc import Iterator
from pathlib import Path

from itsdangerous import URLSafeSerializer

from app import create_app
from bench.corpus import SETTINGS, build, slug
from bench.pages import ROUNDS, Row, ratio, site_env
from bench.serving import ROOT, Serving, serve, wrk
from models import Article, begin_write, db
from models.metering import Access

VISITORS = 20_000  # more than can be served while one figure is taken: each reads the story for the first time
LIMIT = "1000"


def metered(count: int, data: Path) -> Path:
    """A magazine all of whose stories are counted."""
    build(count, data)
    app = create_app({**SETTINGS, "DATA": data})
    with app.app_context():
        begin_write()
        db.session.execute(db.update(Article).values(access=Access.METERED))
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
    return data


def pointers(data: Path, name: str, count: int) -> Path:
    """A file with the signed cookies of so many visitors."""
    signer = URLSafeSerializer(SETTINGS["SECRET_KEY"], salt="reader")
    kept = data / f"pointers-{name}"
    kept.write_text("".join(f"{signer.dumps(f'{name} {number}')}\n" for number in range(count)))
    return kept


def ask(served: Serving, story: int, visitors: Path) -> bytes:
    """What the first of these visitors is told; their read is then counted."""
    cookie = visitors.read_text().partition("\n")[0]
    headers = {"Accept": "application/json", "Cookie": f"masthead_reader={cookie}"}
    status, _, body = served.send("POST", path(story), **headers)
    if status != 200 or b'"access":"open"' not in body.replace(b" ", b""):
        raise RuntimeError(f"{path(story)} answered {status} {body[:200]!r}")
    return body


def path(story: int) -> str:
    return f"/articles/{slug(story)}/read"


def load(served: Serving, story: int, visitors: Path) -> float:
    return wrk(served, path(story), "-s", str(ROOT / "bench" / "pointers.lua"), after=[str(visitors)])


def read(data: Path) -> Iterator[Row]:
    """Known visitors, a story read again and a story read for the first time; ours and the bare view in turns."""
    site_settings = {**site_env(data), "METER_ANONYMOUS": LIMIT}
    again, pairs = pointers(data, "again", 1), {"again": [], "for the first time": []}
    with serve("shipped", "app:create_app", site_settings) as site:
        body = ask(site, 1, again)
        kept = data / "bench-released.json"
        kept.write_bytes(body)
        env = {"BENCH_BYTES": str(kept), "BENCH_DATA": str(data)}
        with serve("shipped", "bench.bare:released", env) as bare:
            ask(bare, 1, again)
            for number in range(ROUNDS):
                pairs["again"].append((load(bare, 1, again), load(site, 1, again)))
                fresh = [pointers(data, f"{whose} {number}", VISITORS) for whose in ("bare", "site")]
                ask(site, 2, again)  # the text is made; only the reading of it is measured
                first = load(bare, 2, fresh[0]), load(site, 2, fresh[1])
                pairs["for the first time"].append(first)
    for what, figures in pairs.items():
        yield ratio(f"a released text, read {what}", figures, "60 %")
