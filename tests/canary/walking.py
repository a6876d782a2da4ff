"""Who walks, in which manners, and what each may be told. A walk yields what it finds, one by one; none is good."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from blueprints.magazine.read import RECEIPT_LIFE
from models.metering import Access
from tests.accounts_tools import visit
from tests.canary.addresses import every, twisted
from tests.canary.corpus import SPENT, Magazine
from tests.canary.words import Canary
from tests.makers import PASSWORD, sign_in

LINK = re.compile(rb'(?:href|src|action|content|data-[a-z]+)="(?:http://127\.0\.0\.1:5000)?(/[^"#]*)')
MOST_LINKS = 150  # followed by one reader beyond the addresses of the map
ACCEPTED = (
    "text/html application/json application/ld+json application/rss+xml application/atom+xml application/feed+json "
    "text/plain text/markdown */* image/* application/activity+json"
).split()
ASKED = ("order=newest", "order=oldest", "page=2", "before=2100-01-01", "after=0", "print=1", "amp=1", "format=json")
ASKED += ("gift=junk", "receipt=junk", "preview=true", "utm_source=x", "members-only=1", "view=email")
AHEAD = {"Sec-Purpose": "prefetch;prerender", "Accept": "application/json"}
PACKED = {"Accept-Encoding": "gzip"}
ROBOT = {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}
GIVEN: list[dict[str, str]] = [
    {"Range": "bytes=0-999999"},
    {"Range": "bytes=-4000"},
    {"If-None-Match": '"another"'},
    {"If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT"},
    AHEAD,
    ROBOT,
    {"X-Requested-With": "XMLHttpRequest", "Accept": "application/json"},
    PACKED,
    {"Authorization": "Basic am9lOnNlY3JldA=="},
    {"Cookie": "masthead_reader=forged.by-somebody"},
]
Manner = tuple[str, dict[str, str]]  # query, headers
MANNERS: list[Manner] = [
    *(("", {"Accept": kind}) for kind in ACCEPTED),
    *((query, {}) for query in ASKED),
    *(("", headers) for headers in GIVEN),
]
# One form with every field that readers' forms have, filled in as people do, and one with none.
FILLED = {
    "name": "Dana",
    "email": "dana@example.org",
    "password": "not the right one",
    "body": "I wonder.",
}
FILLED |= {"frequency": "once", "amount": "10", "currency": "EUR", "edition": "free", "code": "", "subject": "A tip"}
FILLED |= {"kind": "tip", "story": "free-story", "slug": "free-story", "action": "save"}
FORMS: list[dict[str, str]] = [FILLED, {}]


@dataclass
class Reader:
    """Somebody who asks: `may` are the closed stories that the rules open to them."""

    name: str
    client: FlaskClient
    may: frozenset[str] = frozenset()
    is_new: bool = False  # a visitor without a count: each metered story is their first
    is_signed_in: bool = False


@dataclass
class Walk:
    """One reader's way through everything; `made` counts the questions."""

    app: Flask
    magazine: Magazine
    reader: Reader
    made: int = 0
    seen: set[str] = field(default_factory=set)  # addresses with their query
    ahead: dict[str, None] = field(default_factory=dict)  # links met, in order

    def ask(self, path: str, method: str = "GET", manner: Manner = ("", {}), form: Any = None) -> Iterator[str]:
        query, headers = manner
        address = f"{path}{'&' if '?' in path else '?'}{query}" if query else path
        answer = self.client(method).open(address, method=method, headers=headers, data=form)
        self.made += 1
        body = answer.get_data()
        answer.close()
        if method == "GET" and answer.mimetype == "text/html":
            self.ahead |= dict.fromkeys(link.decode() for link in LINK.findall(body))
        self.seen.add(address)
        head, asked = f"{answer.headers}".encode(), f"{address} {form or ''}"
        said = self.magazine.aviary.heard(body, asked) | self.magazine.aviary.heard(head, asked)
        fields = sorted(form) if form else ""
        way = f"{self.reader.name}: {method} {address} {headers or ''} {fields}: {answer.status_code}"
        for canary in said - self.told(method, path, headers):
            yield f"{way} says {canary}: {canary.words[0]}"
        control = answer.cache_control
        if said and not (control.private and control.no_store):
            yield f"{way} may be kept by caches, and says {next(iter(said))}"

    def told(self, method: str, path: str, headers: dict[str, str]) -> frozenset[Canary]:
        """What this answer may say."""
        may = self.reader.may
        story = re.fullmatch(r"/articles/([^/]+)/read", path)
        if story and method == "POST" and self.reader.is_new and "Sec-Purpose" not in headers:
            may |= {story[1]} & set(self.magazine.of(Access.METERED))
        return self.magazine.open_to(may)

    def client(self, method: str) -> FlaskClient:
        """Each POST comes from another network, or limits would answer in place of the pages."""
        if method != "POST":
            return self.reader.client
        address = f"10.{self.made >> 16 & 255}.{self.made >> 8 & 255}.{self.made & 255}"
        if self.reader.is_new:
            return visit(self.app, address)
        self.reader.client.environ_base["REMOTE_ADDR"] = address
        return self.reader.client

    def everything(self) -> Iterator[str]:
        yield from self.door()
        yield from self.searches()
        yield from self.map()
        yield from self.near()
        yield from self.links()

    def door(self, *, brief: bool = False) -> Iterator[str]:
        """Every closed story at every address of its own, in every manner, or in two."""
        for slug in [*self.magazine.access, *self.magazine.slugs["unseen"]]:
            base = f"/articles/{slug}"
            manners = MANNERS[:2] if brief else self.manners(slug)
            for path in (base, f"{base}/read", f"{base}/entries"):
                if path.endswith("/entries") and slug not in self.magazine.live:
                    continue
                for manner in manners:
                    yield from self.ask(path, manner=manner)
                yield from self.ask(path, "HEAD")
                yield from self.again(path)
            for manner in [*MANNERS[:2], ("", AHEAD), ("", ROBOT)]:
                yield from self.ask(f"{base}/read", "POST", manner)
            for receipt in receipts(self.app, self.magazine, slug):
                yield from self.ask(f"{base}/read", manner=(f"receipt={receipt}", {}))
            yield from self.gifts(slug)

    def gifts(self, slug: str) -> Iterator[str]:
        """A link that opens this story is looked at; one that is over, and another story's, are used."""
        base, [opens, over] = f"/articles/{slug}", self.magazine.gifts.get(slug, self.magazine.gifts[SPENT])
        for given in (opens, over, self.magazine.gifts[SPENT][0]):
            yield from self.ask(base, manner=(f"gift={given}", {}))
            yield from self.ask(base, "HEAD", (f"gift={given}", {}))
            yield from self.ask(f"{base}/read", manner=(f"gift={given}", {}))
        for given in (over, self.magazine.gifts[SPENT][0], "junk"):
            for manner in MANNERS[:2]:
                yield from self.ask(f"{base}/read", "POST", manner, {"gift": given})

    def manners(self, slug: str) -> list[Manner]:
        """All for one story of each access, fewer for the others; most for visitors, whose pages are quick."""
        if slug.endswith("-story"):
            return MANNERS
        return MANNERS[:2] if not slug.endswith("-live") else MANNERS[:: 3 if self.stays else 2]

    def again(self, path: str) -> Iterator[str]:
        """With the tag of the answer before."""
        tag = self.reader.client.get(path).headers.get("ETag")
        if tag:
            yield from self.ask(path, manner=("", {"If-None-Match": tag}))
            yield from self.ask(path, manner=("", {"If-Range": tag, "Range": "bytes=0-999999"}))

    def searches(self) -> Iterator[str]:
        """For pieces of what is closed: a word, its beginning, two hanzi, a title, with and without narrowing."""
        for slug in [*self.magazine.access, *self.magazine.slugs["unseen"]]:
            birds = sorted(self.magazine.aviary.of(slug), key=str)
            for bird in birds[:: max(2, len(birds) // 2)]:
                for words in (bird.words[1], bird.words[2][:5], bird.hanzi[1:3], f"{bird.words[0]} {bird.words[1]}"):
                    yield from self.ask(f"/search?q={quote(words)}")
                yield from self.ask(f"/search?q={slip(bird.words[0])}")
                yield from self.ask(f"/search?author=the-author&q={quote(bird.words[3])}", manner=MANNERS[1])
                yield from self.ask(f"/articles/{bird.slug}")  # a wrong address is searched for
            yield from self.ask(f"/search?q={quote('Title of ' + slug)}")
            yield from self.ask(f"/search?category=feeds-usual&q={quote(slug.replace('-', ' '))}")

    def map(self) -> Iterator[str]:
        """Every address of the URL map, in some manners each, each in others; then what may be posted."""
        turns = itertools.cycle(range(len(MANNERS)))
        asked = list(every(self.app, self.magazine))
        for rule, path in asked:
            if "GET" not in (rule.methods or ()) or path in self.seen or (self.stays and path == "/account/logout"):
                continue
            yield from self.ask(path)
            for _ in range(1 if self.stays else 2):
                yield from self.ask(path, manner=MANNERS[next(turns)])
            yield from self.ask(path, "HEAD")
        for rule, path in asked:
            if "POST" in (rule.methods or ()) and not path.endswith("/read") and not self.ends(path):
                under = re.fullmatch(r"/articles/([^/]+)/comments", path)
                answered = self.magazine.replies.get(under[1], [""])[0] if under else ""
                for form in FORMS:
                    yield from self.ask(path, "POST", form=form | {"parent": answered})

    @property
    def stays(self) -> bool:
        return self.reader.is_signed_in

    def ends(self, path: str) -> bool:
        """Whether posting there would end the walk: `leaving` does it, when the others are done."""
        return self.stays and path.startswith("/account")

    def leaving(self) -> Iterator[str]:
        """What a signed-in reader may post to their own pages; the last of it signs them out."""
        posted = [path for rule, path in every(self.app, self.magazine) if "POST" in (rule.methods or ())]
        own = [path for path in posted if path.startswith("/account")]
        for path in sorted(own, key=lambda each: each.startswith(("/account/logout", "/account/delete"))):
            for form in reversed(FORMS):
                yield from self.ask(path, "POST", form=form)

    def feeds(self) -> Iterator[str]:
        """Feeds, sitemaps and lists, without the rest of the map."""
        for rule, path in every(self.app, self.magazine):
            if rule.endpoint.startswith("feeds.") or path in ("/", "/popular", "/archive"):
                yield from self.ask(path)

    def near(self) -> Iterator[str]:
        """Addresses like a story's that other systems have."""
        for slug in self.magazine.of(Access.METERED, Access.PATRONS):
            for path in twisted(f"/articles/{slug}"):
                yield from self.ask(path)
        yield from self.ask("/2019/old-address")

    def links(self) -> Iterator[str]:
        """Whatever the pages themselves lead to."""
        followed = 0
        while followed < MOST_LINKS:
            path = next((each for each in self.ahead if each not in self.seen), None)
            if path is None:
                return
            path = path.replace("&amp;", "&")
            self.seen.add(path)
            self.ahead.pop(path, None)
            if self.stays and urlsplit(path).path == "/account/logout":
                continue
            followed += 1
            yield from self.ask(path)


def slip(word: str) -> str:
    """Two letters swapped, which search would mend with a word that it may name."""
    return word[:2] + word[3] + word[2] + word[4:]


def receipts(app: Flask, magazine: Magazine, slug: str) -> list[str]:
    """A good one of another story, and one for this story that is over."""
    with app.app_context():
        from models import Article

        found, other = Article.by_slug(slug), Article.by_slug(SPENT)
        assert found and other
        late = timedelta(seconds=RECEIPT_LIFE + 1)
        kinds = ("meter", "gift")
        return [receipt(app, *of) for kind in kinds for of in ((other.id, timedelta(0), kind), (found.id, late, kind))]


def receipt(app: Flask, article_id: int, age: timedelta = timedelta(0), kind: str = "meter") -> str:
    """A receipt as the site signs it, of so long ago, for a story that was counted or given."""

    class Signer(TimestampSigner):
        def get_timestamp(self) -> int:
            return super().get_timestamp() - int(age.total_seconds())

    signer = URLSafeTimedSerializer(app.config["SECRET_KEY"], salt="receipt", signer=Signer)
    return str(signer.dumps([article_id, kind]))


def visitor(app: Flask) -> Reader:
    """Somebody new at every step."""
    return Reader("visitor", visit(app), is_new=True)


def over_the_limit(app: Flask) -> Reader:
    """A visitor who has read what is free this month."""
    return spent(Reader("visitor over the limit", visit(app)))


def member(app: Flask, magazine: Magazine, name: str = "member") -> Reader:
    """Somebody with an account and nothing left of the count: what is for members is theirs."""
    client = visit(app)
    sign_in(client, type("Known", (), {"email": magazine.people[name]}))
    return spent(Reader(f"{name} over the limit", client, frozenset(magazine.of(Access.MEMBERS)), is_signed_in=True))


def spent(reader: Reader) -> Reader:
    reply = reader.client.post(f"/articles/{SPENT}/read", headers={"Accept": "application/json"})
    assert reply.json and reply.json["access"] == "open" and reply.json["left"] == 0
    return reader


def patron(app: Flask, magazine: Magazine) -> FlaskClient:
    client = visit(app)
    assert (
        client.post("/account/login", data={"email": magazine.people["patron"], "password": PASSWORD}).status_code
        == 303
    )
    return client
