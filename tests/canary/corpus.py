"""The magazine of the canary crawl: each access with each kind of text, and a canary in every place that is closed.

Open are titles, standfirsts, teasers, tags and whatever stands on pages of its own. What nobody may read, not even a
patron, has canaries too: drafts, stories to come, entries taken back, replies that wait, mistakes as readers told them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from models import (
    Account,
    Article,
    Comment,
    Correction,
    Donation,
    GiftLink,
    LiveEntry,
    Page,
    PrivateFeed,
    Publication,
    Redirect,
    Series,
    Tag,
    begin_write,
    db,
    heat,
    utcnow,
)
from models.address_token import token
from models.article import Kind, SourceFormat, Status
from models.comment import CommentState
from models.contribution import CorrectionState
from models.metering import Access
from models.money import Money
from models.order import Order
from models.patronage import DonationStatus, Frequency
from models.payment import Payment, PaymentKind
from tests.canary.words import Aviary, Canary
from tests.makers import NOON, keep, make_account, make_article, make_author, make_category, make_offer, make_patron

LATER = datetime(2100, 1, 1, tzinfo=UTC)
GATED = (Access.METERED, Access.MEMBERS, Access.PATRONS, Access.PATRONS_FIRST)
SPENT = "spent-on-this"  # a metered story without a secret: what uses up a count
LAPSED = "lapsed@example.org"  # was a patron, and tells the desk of mistakes
OPEN = "What everybody may read."
Bird = Callable[[str], Canary]


@dataclass
class Magazine:
    """What was made, by the names that addresses have."""

    aviary: Aviary = field(default_factory=Aviary)
    access: dict[str, Access] = field(default_factory=dict)  # of each closed story that is out
    never: set[Canary] = field(default_factory=set)  # what no reader may hear
    live: list[str] = field(default_factory=list)
    slugs: dict[str, list[str]] = field(default_factory=dict)  # of categories, tags, …
    ids: dict[str, list[int]] = field(default_factory=dict)
    replies: dict[str, list[str]] = field(default_factory=dict)  # ids, by story: shown, an answer, waiting
    opened: dict[frozenset[str], frozenset[Canary]] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)  # who, and their e-mail
    gifts: dict[str, list[str]] = field(default_factory=dict)  # tokens, by story: one that opens it, one that is over

    @property
    def stories(self) -> list[str]:
        return [*self.access, *self.slugs["unseen"], SPENT, "free-story"]

    def of(self, *kinds: Access) -> list[str]:
        return [slug for slug, access in self.access.items() if access in kinds]

    def open_to(self, stories: frozenset[str]) -> frozenset[Canary]:
        """What somebody may hear who may read these."""
        if stories not in self.opened:
            self.opened[stories] = frozenset(bird for slug in stories for bird in self.aviary.of(slug)) - self.never
        return self.opened[stories]

    def readable(self, slug: str) -> set[Canary]:
        """What its page must say to who may read it."""
        return {bird for bird in self.aviary.of(slug) - self.never if bird.place != "an offer's name"}  # no such offer


def markdown(bird: Bird, teaser: str) -> str:
    """A text with a canary in each part that a text can have."""
    return f"""{teaser}[^1]

{bird("a paragraph").sentence}

## {bird("a heading").line}

> {bird("a quotation").sentence}

- {bird("a list").sentence}

| One | Two |
|---|---|
| {bird("a cell").line} | 2 |

![{bird("a picture's alternative").line}](https://example.org/picture.png "{bird("a picture's caption").line}")

`{bird("code").line}`, and [a link](https://example.org/{bird("a link").slug}).

::: offer {bird("an offer's name").slug}
:::

::: offer china-internet-report
:::

**{bird("after an offer").sentence}**

[^1]: {bird("a reference").sentence}
"""


def with_divider(bird: Bird) -> str:
    return markdown(bird, f"{OPEN}\n\n<!-- open until here -->\n\nThe rest begins.")


def without_divider(bird: Bird) -> str:
    return markdown(bird, f"{OPEN}\n\nAnd a second paragraph.\n\nThe third is closed.")


def short(bird: Bird) -> str:
    return bird("the only paragraph").sentence


def imported(bird: Bird) -> str:
    """HTML as WordPress gives it."""
    return f"""<p>{OPEN}</p><!--more--><p>{bird("a paragraph").sentence}</p>
<h3>{bird("a heading").line}</h3>
<figure><img src="https://example.org/a.png" alt="{bird("a picture's alternative").line}">
<figcaption>{bird("a picture's caption").line}</figcaption></figure>
<table><tr><td>{bird("a cell").line}</td></tr></table>
<blockquote><p>{bird("a quotation").sentence}</p></blockquote>
"""


FORMS = (with_divider, without_divider, short, imported)
OTHERS = {Access.METERED: without_divider, Access.MEMBERS: short, Access.PATRONS: imported}


def build() -> Magazine:
    """Every row, through the models' own ways. Needs an application context."""
    magazine = Magazine()
    offer = make_offer()
    begin_write()
    Publication.get().crawlers_read = True
    db.session.commit()
    author = make_author(slug="the-author", name="Ada Author")
    shelves = {mode: make_category(slug=f"feeds-{mode or 'usual'}", gated_in_feeds=mode) for mode in ("", "drop")}
    tag = keep(Tag(slug="a-tag", name="A tag", meaning="What they share."))
    series = keep(Series(slug="a-series", title="A series"))
    magazine.slugs = {
        "category": [shelf.slug for shelf in shelves.values()],
        "author": [author.slug],
        "tag": [tag.slug],
        "series": [series.slug],
        "offers": [offer.slug],
        "unseen": ["draft-story", "private-story", "coming-story"],
    }
    around = {"authors": [author], "tags": [tag], "category_id": shelves[""].id}
    make_article(slug=SPENT, access=Access.METERED, **around)
    make_article(slug="free-story", **around)
    for number, (slug, access, form, kind) in enumerate(planned()):
        extra = around | {"series_id": series.id, "series_position": number + 1} if number < 3 else around
        if number % 3 == 2:
            extra = extra | {"category_id": shelves["drop"].id}
        story(magazine, slug, access, form, kind, extra)
    unseen(magazine, around)
    page = Page(slug="about", title="About us", published_at=NOON)
    page.write("Who we are.")
    begin_write()
    db.session.add(page)
    Redirect.keep("/2019/old-address", f"/articles/{magazine.of(Access.PATRONS)[0]}")
    db.session.commit()
    people(magazine, offer)
    return magazine


def planned() -> Iterator[tuple[str, Access, Callable[[Bird], str], Kind]]:
    for access in GATED:
        yield f"{access}-story", access, with_divider, Kind.ARTICLE
        yield f"{access}-live", access, with_divider, Kind.LIVEBLOG
        if access in OTHERS:
            yield f"{access}-{OTHERS[access].__name__.replace('_', '-')}", access, OTHERS[access], Kind.ARTICLE


def story(
    magazine: Magazine,
    slug: str,
    access: Access,
    form: Callable[[Bird], str],
    kind: Kind,
    around: dict[str, Any],
) -> None:
    def bird(place: str) -> Canary:
        return magazine.aviary.canary(slug, place)

    now = utcnow()
    given: dict[str, Any] = around | {"slug": slug, "title": f"Title of {slug}", "access": access, "kind": kind}
    given |= {"reads": 5, "heat": heat.level(now), "published_at": now - timedelta(hours=len(magazine.access) + 1)}
    if access is Access.PATRONS_FIRST:
        given["free_from"] = LATER
    if kind is Kind.LIVEBLOG:
        given["opened_at"] = NOON
    if form is without_divider:
        given["standfirst"] = ""  # so that descriptions and summaries must be made of something else
    made = make_article("Not yet.", **given)
    begin_write()
    made.write(form(bird), SourceFormat.HTML if form is imported else SourceFormat.MARKDOWN)
    db.session.commit()
    magazine.access[slug] = access
    if kind is Kind.LIVEBLOG:
        entries(magazine, made, bird)
        if access is Access.PATRONS:
            begin_write()
            made.close(now)
            db.session.commit()
    below(magazine, made, bird)


def entries(magazine: Magazine, made: Article, bird: Bird) -> None:
    """Entries: one plain, one pinned and put right, one taken back."""
    magazine.live.append(made.slug)
    for minute in range(3):
        begin_write()
        entry = LiveEntry.begin(made)
        entry.at = NOON + timedelta(minutes=minute)
        entry.speaker, entry.topic = bird("an entry's speaker").line, bird("an entry's topic").line
        entry.headline = bird("an entry's headline").line
        entry.write(f"{bird('an entry').sentence}[^1]\n\n[^1]: {bird('a note of an entry').sentence}")
        if minute == 1:
            entry.is_pinned = True
            entry.correct(bird("an entry's correction").sentence, NOON)
        db.session.commit()
        magazine.ids.setdefault("entries", []).append(entry.id)
    begin_write()
    taken_back = LiveEntry.hold(magazine.ids["entries"][-1])
    assert taken_back is not None
    taken_back.remove(NOON)
    db.session.commit()
    heard = magazine.aviary.heard(f"{taken_back.speaker}{taken_back.topic}{taken_back.headline}".encode())
    magazine.never |= heard | magazine.aviary.heard(taken_back.source.encode())


def below(magazine: Magazine, made: Article, bird: Bird) -> None:
    """What stands under a text: replies, an answer, a note on what was put right; and what does not appear there."""
    first = Comment(article_id=made.id, state=CommentState.APPROVED, name=bird("a reply's name").line, written_at=NOON)
    first.write(bird("a reply").sentence)
    keep(first)
    answer = Comment(article_id=made.id, parent_id=first.id, state=CommentState.APPROVED, name="Bea", written_at=NOON)
    answer.write(bird("an answer").sentence)
    waiting = Comment(article_id=made.id, state=CommentState.HELD, name="Cleo", written_at=NOON)
    waits, told, refused = bird("a reply that waits"), bird("a mistake as it was told"), bird("a refused note")
    waiting.write(waits.sentence)
    note = Correction(article_id=made.id, state=CorrectionState.ACCEPTED, email=LAPSED, body="Not so.", sent_at=NOON)
    note.note, note.noted_at = bird("a note on what was put right").sentence, NOON
    other = Correction(article_id=made.id, state=CorrectionState.REFUSED, email=LAPSED, body="Nor so.", sent_at=NOON)
    other.note = refused.sentence
    third = Correction(article_id=made.id, email="else@example.org", body=told.sentence, sent_at=NOON)
    keep(answer, waiting, note, other, third)
    magazine.never |= {waits, told, refused}
    magazine.replies[made.slug] = [str(reply.id) for reply in (first, answer, waiting)]
    magazine.ids.setdefault("comments", []).append(first.id)


def unseen(magazine: Magazine, around: dict[str, Any]) -> None:
    """Stories that are not out: not even their names are told."""
    for slug, status in zip(magazine.slugs["unseen"], (Status.DRAFT, Status.PRIVATE, Status.PUBLISHED), strict=True):
        title, standfirst, text = (magazine.aviary.canary(slug, place) for place in ("title", "standfirst", "text"))
        at = LATER if status is Status.PUBLISHED else NOON
        made = make_article(OPEN, slug=slug, title=title.line, standfirst=standfirst.line, status=status, **around)
        begin_write()
        made.published_at = at
        made.write(f"{text.sentence}\n\n{OPEN}")
        db.session.commit()
        magazine.never |= magazine.aviary.of(slug)


def people(magazine: Magazine, offer: Any) -> None:
    """Accounts: readers of each kind, and what a lapsed patron gave and bought."""
    for name in ("member", "newcomer", "lapsed", "leaver"):
        magazine.people[name] = make_account(f"{name}@example.org").email
    magazine.people["patron"] = make_patron("patron@example.org").email
    lapsed = db.session.scalar(db.select(Account).where(Account.email == LAPSED))
    gift = Donation(email=LAPSED, account_id=lapsed.id, frequency=Frequency.MONTH, amount=Money(1000, "EUR"))
    gift.status, gift.paid_at, gift.patron_until = DonationStatus.PAID, NOON, NOON
    nothing = Money(0, "USD")
    order = Order(email=LAPSED, edition_id=offer.editions[0].id, list_price=nothing)
    order.title, order.saving, order.total = "Free edition", nothing, nothing
    keep(gift, order)
    paid = Payment(kind=PaymentKind.CHARGE, stripe_id="pi_1", amount=Money(1000, "EUR"), moved_at=NOON)
    paid.donation_id = gift.id
    keep(paid)
    magazine.slugs |= {"gifts": [gift.public_id], "orders": [order.public_id], "receipts": [paid.public_id]}
    keys(magazine, lapsed)
    magazine.ids["articles"] = list(db.session.scalars(db.select(Article.id)))


def keys(magazine: Magazine, lapsed: Account) -> None:
    """Addresses that open: gift links to each closed story, the feed of a gift that has ended, and one taken back."""
    for slug in [*magazine.access, SPENT]:
        found = Article.by_slug(slug)
        assert found is not None
        for name, ends in ((f"{slug}-live", LATER), (f"{slug}-over", NOON)):
            secret = token("any key", "gift", name)
            begin_write()
            made = {"article_id": found.id, "giver_id": lapsed.id, "expires_at": ends}
            link = GiftLink.make(secret, name, LATER, **made)
            db.session.commit()
            magazine.gifts.setdefault(slug, []).append(secret)
    magazine.slugs["gifts"].append(link.public_id)
    magazine.slugs["feeds"] = []
    patron = db.session.scalar(db.select(Account).where(Account.email == magazine.people["patron"]))
    for who in (lapsed, patron):
        secret = token("any key", "feed", who.email)
        begin_write()
        PrivateFeed.renew(who.id, who.email, secret, NOON)
        if who is patron:
            PrivateFeed.revoke(who.id, NOON)
        db.session.commit()
        magazine.slugs["feeds"].append(secret)
