"""Writes everything into a folder, row after row: what is in memory does not grow with the magazine."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Select, func, literal, select
from sqlalchemy.orm import selectinload, undefer

from blueprints.ops.exporting import ledgers, shapes, telling
from blueprints.ops.exporting.folder import FORM, INDEX, inside
from blueprints.ops.exporting.yaml_files import dumped, joined, safe_name, write_documents
from models import (
    Account,
    Article,
    Author,
    Category,
    Code,
    Comment,
    Contribution,
    Correction,
    Donation,
    Edition,
    Offer,
    Order,
    Page,
    Payment,
    Picture,
    Publication,
    ReadStory,
    Redemption,
    Redirect,
    SavedStory,
    Series,
    Tag,
    Term,
    db,
)
from models.code import RedemptionState

AT_ONCE = 200  # rows
Row = TypeVar("Row")
README = """This folder is a magazine, written by `flask export`. `flask import-folder` reads it into an empty site.

- `magazine.yaml`: categories, authors, tags, series, glossary, the publisher, offers and codes
- `articles/`, `pages/`: a file each: front matter, then the text exactly as it was written
- `comments/`: what readers wrote under each story, in threads
- `media/`: pictures with their smaller copies; `<key>.yaml` says what is known of each
- `files/`: what is sold
- `letters.yaml`: tips, pitches and corrections that readers sent
- `redirects.csv`: old addresses that still lead somewhere
- `accounts.csv`: who can sign in, without passwords
- `reading.csv`: what signed-in readers saved and read
- `money/`: payments, gifts, orders and codes, for the books and for the way back

It holds people's e-mail addresses. It is the publisher's own backup: keep it as you keep the database.
"""


def begin_reading() -> None:
    """All that follows sees the site as it is now, however long it takes."""
    db.session.rollback()
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def every(rows: Select[Any], model: Any) -> Iterator[Any]:
    """The rows of a select in the order of their numbers, a few hundred in memory at a time."""
    last = 0
    while found := db.session.execute(rows.where(model.id > last).order_by(model.id).limit(AT_ONCE)).all():
        last = getattr(found[-1][0], "id")  # noqa: B009  (rows of any model)
        for row in found:
            yield row if len(row) > 1 else row[0]
        db.session.expunge_all()


def how_many(*models: Any) -> int:
    return sum(db.session.scalar(select(func.count()).select_from(model)) or 0 for model in models)


class Writer:
    """Fills `folder`; `data` is DATA, and `tell` hears of each row that is written."""

    def __init__(self, folder: Path, data: Path, tell: Callable[[], object]) -> None:
        self.folder, self.data, self.tell = folder, data, tell
        self.counts: Counter[str] = Counter()
        self.missing: list[str] = []  # files that rows name and nobody has

    def write(self) -> None:
        for name in ("articles", "pages", "comments", "media", "files", "money"):
            (self.folder / name).mkdir()
        self._put("README.md", README)
        self._magazine()
        self._articles()
        self._comments()
        self._pages()
        self._media()
        self._files()
        self._letters()
        self._tables()

    def _put(self, name: str, text: str) -> None:
        with (self.folder / name).open("w", encoding="utf-8", newline="") as file:
            file.write(text)

    def _counted(self, what: str, rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            yield row
            self.counts[what] += 1
            self.tell()

    def _magazine(self) -> None:
        in_menu = select(Category).order_by(Category.position, Category.name)
        board = select(Tag.name).where(Tag.board_position.is_not(None)).order_by(Tag.board_position, Tag.name)
        offers = select(Offer).order_by(Offer.id).options(selectinload(Offer.editions))
        codes = select(Code).order_by(Code.id).options(selectinload(Code.editions))
        parts: dict[str, Any] = {"masthead": FORM, "publication": shapes.PUBLICATION.told(Publication.get())}
        for name, shape, rows in (
            ("categories", shapes.CATEGORY, in_menu),
            ("authors", shapes.AUTHOR, select(Author)),
            ("tags", shapes.TAG, select(Tag)),
            ("series", shapes.SERIES, select(Series)),
            ("glossary", shapes.TERM, select(Term)),
        ):
            told = [shape.told(row) for row in db.session.scalars(rows)]
            # Each database sorts letters in its own way; Python always in the same.
            parts[name] = (
                told if name == "categories" else sorted(told, key=lambda row: row.get("slug") or row["hanzi"])
            )
        parts["board"] = list(db.session.scalars(board))
        parts["offers"] = [telling.offer(row) for row in db.session.scalars(offers)]
        parts["codes"] = [telling.code(row) for row in db.session.scalars(codes)]
        self._put(INDEX, "".join(dumped({name: value}) for name, value in parts.items()))
        db.session.expunge_all()

    def _articles(self) -> None:
        lists = (Article.category, Article.picture, Article.series, Article.bylines, Article.tags, Article.entries)
        rows = select(Article).options(undefer(Article.source), *map(selectinload, (*lists, Article.notes)))
        for article in self._counted("stories", every(rows, Article)):
            self._put(
                f"articles/{safe_name(article.slug)}.md", joined(telling.front_of_article(article), article.source)
            )

    def _comments(self) -> None:
        """One file for each story that has any."""
        told = select(Article.id, Article.slug).where(
            select(Comment.id).where(Comment.article_id == Article.id).exists()
        )
        last = 0
        while stories := db.session.execute(told.where(Article.id > last).order_by(Article.id).limit(AT_ONCE)).all():
            for number, slug in stories:
                found = select(Comment).where(Comment.article_id == number).order_by(Comment.written_at, Comment.id)
                rows = list(db.session.scalars(found))
                signed = {row.account_id for row in rows if row.account_id}
                signers = select(Account.id, Account.email).where(
                    Account.id.in_(signed), Account.email_verified_at.is_not(None)
                )
                emails = {number: email for number, email in db.session.execute(signers)}
                threads = {"story": slug, "comments": telling.comments(rows, emails)}
                self._put(f"comments/{safe_name(slug)}.yaml", dumped(threads))
                for _ in self._counted("comments", iter(rows)):
                    pass
                db.session.expunge_all()
            last = stories[-1][0]

    def _pages(self) -> None:
        for page in self._counted("pages", every(select(Page), Page)):
            self._put(f"pages/{safe_name(page.slug)}.md", joined(telling.front_of_page(page), page.source))

    def _media(self) -> None:
        for picture in self._counted("pictures", every(select(Picture), Picture)):
            self._put(f"media/{safe_name(picture.key)}.yaml", dumped(shapes.PICTURE.told(picture)))
            for name in (picture.file_name, *picture.copy_names()):
                self._copy("media", name)

    def _files(self) -> None:
        for name in db.session.scalars(select(Edition.file).distinct().order_by(Edition.file)):
            self._copy("files", name)

    def _copy(self, place: str, name: str) -> None:
        source, target = inside(self.data / place, name), inside(self.folder / place, name)
        if source is None or target is None or not source.is_file():
            self.missing.append(f"{place}/{name}")
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)

    def _letters(self) -> None:
        corrections = every(select(Correction).options(selectinload(Correction.article)), Correction)
        with (self.folder / "letters.yaml").open("w", encoding="utf-8", newline="") as file:
            write_documents(file, map(telling.correction, self._counted("letters", corrections)))
            contributions = self._counted("letters", every(select(Contribution), Contribution))
            write_documents(file, map(telling.contribution, contributions))

    def _tables(self) -> None:
        payments: Any = select(Payment, Order.public_id, Donation.public_id)
        payments = payments.outerjoin(Order, Order.id == Payment.order_id)
        payments = payments.outerjoin(Donation, Donation.id == Payment.donation_id)
        used = select(Redemption.code_id, func.count()).where(Redemption.state == RedemptionState.USED)
        uses = {code: number for code, number in db.session.execute(used.group_by(Redemption.code_id))}
        codes = every(select(Code).options(selectinload(Code.editions)), Code)
        gifts: Any = select(Donation, Account.email).outerjoin(Account, Account.id == Donation.account_id)
        orders: Any = select(Order, Account.email, Redemption, Code.text)
        orders = orders.outerjoin(Account, Account.id == Order.account_id)
        orders = orders.outerjoin(Redemption, Redemption.order_id == Order.id)
        orders = orders.outerjoin(Code, Code.id == Redemption.code_id)
        for name, head, lines in (
            ("accounts", ledgers.ACCOUNTS, ledgers.accounts(every(select(Account), Account))),
            ("redirects", ledgers.REDIRECTS, ledgers.redirects(every(select(Redirect), Redirect))),
            ("reading", ledgers.READING, ledgers.reading(_reading())),
            ("money/payments", ledgers.PAYMENTS, ledgers.payments(every(payments, Payment))),
            ("money/gifts", ledgers.GIFTS, ledgers.gifts(every(gifts, Donation))),
            ("money/orders", ledgers.ORDERS, ledgers.orders(every(orders, Order))),
            ("money/codes", ledgers.CODES, ledgers.codes(codes, uses)),
        ):
            what = name.removeprefix("money/")
            ledgers.write(self.folder / f"{name}.csv", head.split(), self._counted(what, lines))


def _reading() -> Iterator[tuple[str, str, str, datetime]]:
    for what, table, at in (("saved", SavedStory, SavedStory.saved_at), ("read", ReadStory, ReadStory.read_at)):
        found: Any = select(Account.email, Article.slug, literal(what), at)
        found = found.join_from(table, Account, Account.id == table.account_id)
        found = found.join(Article, Article.id == table.article_id).order_by(Account.email, at, Article.slug)
        for line in db.session.execute(found, execution_options={"yield_per": AT_ONCE}):
            yield tuple(line)
