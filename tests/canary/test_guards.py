"""Each guard matters: with any one of them taken out, the crawl hears what it must not.

A guard is taken out by giving its function the code that it would have without: everybody who imported it by name has
the broken one then, and the site is otherwise the whole one. Each ends at the first finding.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import request

from blueprints import login, metering
from blueprints.comments import views as comments
from blueprints.feeds import lists as feeds
from blueprints.magazine import live, read, share_images, story
from models import GiftLink, PrivateFeed, excerpt, presenting
from models import metering as rules
from models.article import Article
from models.gift import GiftState
from models.metering import Viewer
from models.plain import cut, plain
from models.story import Story
from tests.canary.conftest import Site
from tests.canary.test_known_leaks import cards
from tests.canary.walking import Reader, Walk, member, over_the_limit, visitor

Broken = Callable[[pytest.MonkeyPatch], None]
Way = Callable[[Site], Iterator[Any]]
GUARDS: dict[str, tuple[Broken, Way]] = {}


def guard(says: str, way: Way) -> Callable[[Broken], Broken]:
    def keep(broken: Broken) -> Broken:
        GUARDS[says] = broken, way
        return broken

    return keep


def swap(patch: pytest.MonkeyPatch, function: Any, without: Any) -> None:
    """`without` may name only what the function's own module knows."""
    patch.setattr(function, "__code__", without.__code__)


def by(who: Callable[[Site], Reader], *parts: str) -> Way:
    def way(site: Site) -> Iterator[str]:
        walk = Walk(site.app, site.magazine, who(site))  # signed in, and spent, while the site is whole
        return itertools.chain.from_iterable(getattr(walk, part)() for part in parts or ("everything",))

    return way


def lapsed(site: Site) -> Reader:
    return member(site.app, site.magazine, "lapsed")


def anyone(site: Site) -> Reader:
    return visitor(site.app)


def had_theirs(site: Site) -> Reader:
    return over_the_limit(site.app)


@guard("the rule itself: metered stories are asked of the meter", by(anyone))
def _(patch: pytest.MonkeyPatch) -> None:
    def without(gate, viewer):  # type: ignore[no-untyped-def]
        asks = gate.asks(viewer.mode, viewer.now)
        return Decision.OPEN if asks in (Access.FREE, Access.METERED) else Decision.SIGN_IN  # noqa: F821

    swap(patch, rules.decide, without)


@guard("present() leaves out what is closed", by(anyone))
def _(patch: pytest.MonkeyPatch) -> None:
    def without(article, viewer):  # type: ignore[no-untyped-def]
        decision, is_free = access(article, viewer), False  # noqa: F821
        return Presented(decision, parted(article.body_html), is_free, safe(article.references_html))  # noqa: F821

    swap(patch, presenting.present, without)


@guard("a patrons' story asks for a patron, not for a sign-in", by(lapsed, "door"))
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(login, "is_patron", lambda who, now: True)


@guard("feeds are made for a visitor", by(anyone, "feeds"))
def _(patch: pytest.MonkeyPatch) -> None:
    class AsAPatron:
        @staticmethod
        def visitor(now: Any) -> Viewer:
            return Viewer(is_patron=True, now=now)

    patch.setattr(feeds, "login", AsAPatron)


@guard("entries of a liveblog come through the door", by(anyone, "door"))
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(live, "present_changes", lambda article, viewer, after: presenting_changes_unasked(article, after))


def presenting_changes_unasked(article: Article, after: int | None) -> presenting.Changes:
    rows = presenting.LiveEntry.changes(article.id, after)
    entries = [presenting.Entry.of(row, is_open=True) for row in rows if row.removed_at is None]
    return presenting.Changes(article.live_version, entries, [])


@guard("removed entries are gone", by(lapsed, "door"))
def _(patch: pytest.MonkeyPatch) -> None:
    def without(article, viewer, after):  # type: ignore[no-untyped-def]
        if not may_read(article, viewer):  # noqa: F821
            return None
        rows = LiveEntry.changes(article.id, after)  # noqa: F821
        return Changes(article.live_version, [Entry.of(row, is_open=article.is_open) for row in rows], [])  # noqa: F821

    swap(patch, presenting.present_changes, without)


@guard("search shows a hit in what its reader may read", by(had_theirs, "searches"))
def _(patch: pytest.MonkeyPatch) -> None:
    shown = excerpt.present
    patch.setattr(excerpt, "present", lambda article, viewer: shown(article, Viewer(is_staff=True)))


@guard("replies, notes and references are shown with the text only", by(anyone, "door"))
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(presenting.Presented, "is_open", property(lambda self: True))


@guard("a description is made of what everybody may read", by(anyone, "door"))
def _(patch: pytest.MonkeyPatch) -> None:
    made = story.metadata.of_story

    def without(house: Any, article: Article, shown: Any, image: str = "") -> Any:
        head = made(house, article, shown, image)
        return story.metadata.replace(head, description=cut(plain(article.body_html), 2000))

    patch.setattr(story.metadata, "of_story", without)


@guard("what is released is nobody's to keep", by(anyone, "door"))
def _(patch: pytest.MonkeyPatch) -> None:
    def without(reply):  # type: ignore[no-untyped-def]
        reply.headers["Cache-Control"] = "public, max-age=0, s-maxage=60"
        return reply

    swap(patch, read.unshared, without)


@guard("a signed-in reader's page is theirs alone", by(lapsed, "door"))
def _(patch: pytest.MonkeyPatch) -> None:
    def without(response, *, seconds=60):  # type: ignore[no-untyped-def]
        response.headers["Cache-Control"] = f"public, max-age=0, s-maxage={seconds}"
        return response

    swap(patch, login.share, without)


@guard("a page of one's own wants the ledger or a receipt", by(anyone, "door"))
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(read, "receipt_for", lambda article: "meter")


@guard("a receipt opens its own story", by(anyone, "door"))
def _(patch: pytest.MonkeyPatch) -> None:
    def without(story):  # type: ignore[no-untyped-def]
        try:
            return receipts().loads(request.args.get("receipt", ""), max_age=RECEIPT_LIFE)[1]  # noqa: F821
        except BadData:  # noqa: F821
            return ""

    swap(patch, read.receipt_for, without)


@guard("a gift link opens its own story", by(anyone, "door"))
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(GiftLink, "state", lambda self, article_id, now: GiftState.OPENS)


@guard("looking at a gift link opens nothing", by(anyone, "door"))
def _(patch: pytest.MonkeyPatch) -> None:
    def without(story, now):  # type: ignore[no-untyped-def]
        reads = metering.with_opened(login.visitor(now), story)  # noqa: F821
        return story_page(story, reads, now, told(Decision.OPEN, now))  # noqa: F821

    swap(patch, story.by_gift_link, without)


@guard("a feed of one's own ends with the gift", by(anyone, "feeds"))
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(login, "is_patron", lambda who, now: True)


@guard("a feed that was taken back is over", by(anyone, "feeds"))
def _(patch: pytest.MonkeyPatch) -> None:
    found = PrivateFeed.by_token.__func__  # type: ignore[attr-defined]

    def without(cls: Any, token: str) -> PrivateFeed | None:
        feed = found(cls, token)
        return type("Feed", (), {"revoked_at": None, "account": feed.account}) if feed else None

    patch.setattr(PrivateFeed, "by_token", classmethod(without))


@guard("a receipt ends", by(anyone, "door"))
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(read, "RECEIPT_LIFE", 10**9)


@guard("the meter stops at its limit", by(had_theirs, "door"))
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(metering, "limit_of", lambda who: 10**6)


@guard("what is fetched ahead gets nothing", by(anyone, "door"))
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(metering, "fetched_ahead", lambda: False)


@guard("a search engine is known by its address", by(anyone, "door"))
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(metering.crawlers.Crawlers, "is_one", lambda self, agent, address: "Googlebot" in agent)


@guard("who answers a reply must be able to read it", by(anyone, "map"))
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(comments, "may_read", lambda article, viewer: True)


@guard("drafts are for staff", by(anyone, "door"))
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Article, "is_visible", lambda self, now: True)
    patch.setattr(Story, "is_visible", lambda self, now: True)


@guard("lists hold what is out", by(anyone, "feeds"))
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Article, "is_out", classmethod(lambda cls, now: cls.id > 0))


def drawn(site: Site) -> Iterator[str]:
    yield from cards(site)


@guard("a share image has section and title", drawn)
def _(patch: pytest.MonkeyPatch) -> None:
    card = share_images.Card

    def without(title: str, section: str, site: str, site_hanzi: str) -> Any:
        found = Article.by_slug((request.view_args or {})["slug"])
        assert found is not None
        return card(plain(found.body_html), section, site, site_hanzi)

    patch.setattr(share_images, "Card", without)


@pytest.mark.parametrize("says", GUARDS)
def test_without_this_the_crawl_is_red(site: Site, monkeypatch: pytest.MonkeyPatch, says: str) -> None:
    broken, way = GUARDS[says]
    found = way(site)
    site.forget()
    broken(monkeypatch)
    try:
        assert next(found, None), "the crawl heard nothing"
    finally:
        monkeypatch.undo()
        site.forget()
