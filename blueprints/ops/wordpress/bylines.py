"""Who wrote what: WordPress's users, and the guest authors and co-authors of the Co-Authors Plus plugin."""

from collections.abc import Iterator
from dataclasses import dataclass

from blueprints.ops.importing.shelves import Shelves
from blueprints.ops.importing.texts import plain
from blueprints.ops.wordpress.wxr import Item, Person
from models.slug import slugify

MARK = "cap-"  # begins the plugin's slugs


@dataclass(frozen=True, slots=True)
class Guest:
    name: str
    bio: str
    account: str  # the login of the user who this is, if any


class Bylines:
    """Filled while the export is read for the first time; answers once it is at its end."""

    def __init__(self, shelves: Shelves) -> None:
        self.shelves = shelves
        self.people: dict[str, Person] = {}
        self.guests: dict[str, Guest] = {}
        self.named: dict[str, str] = {}  # the names of those in bylines whom nothing introduces, by nicename
        self.slugs: dict[str, str] = {}

    def introduce(self, item: Item) -> None:
        """A guest author, who is an item of the export."""
        nicename = item.said("cap-user_login") or item.slug.removeprefix(MARK)
        full = f"{item.said('cap-first_name')} {item.said('cap-last_name')}".strip()
        name = item.said("cap-display_name") or item.title or full
        if nicename:
            self.guests[nicename] = Guest(name, plain(item.said("cap-description")), item.said("cap-linked_account"))

    def of(self, item: Item) -> list[str]:
        """The nicenames in a story's byline, in their order. Without the plugin it is the one who wrote it."""
        written = [term for term in item.terms if term.kind == "author"]
        if not written:
            names = [item.creator] if item.creator else []
        else:
            names = [term.slug.removeprefix(MARK) or term.name for term in written]
            names = [term.name if term.name in self.people else name for term, name in zip(written, names, strict=True)]
        for name in names:
            self.named.setdefault(name, name)
        for term, name in zip(written, names, strict=False):
            self.named[name] = term.name or name
        return names

    def slug(self, nicename: str) -> str:
        """On the shelf of authors."""
        if nicename not in self.slugs:
            self.slugs[nicename] = self._shelved(nicename)
        return self.slugs[nicename]

    def all(self) -> Iterator[tuple[str, str, str]]:
        """Everybody, in a byline or not: login, slug, and number in WordPress (or "")."""
        for login, person in self.people.items():
            if login:
                yield login, self.slug(login), person.number
        for nicename in [*self.guests, *self.named]:
            yield nicename, self.slug(nicename), ""

    def _shelved(self, nicename: str) -> str:
        guest = self.guests.get(nicename)
        if guest and guest.account in self.people:
            return self.slug(guest.account) if guest.account != nicename else self._user(nicename, guest.bio)
        if guest and nicename not in self.people:
            return self.shelves.author(nicename, guest.name, guest.bio)
        if nicename in self.people:
            return self._user(nicename, guest.bio if guest else "")
        return self.shelves.author(nicename, self.named.get(nicename, nicename))

    def _user(self, login: str, bio: str) -> str:
        name = plain(self.people[login].name) or login
        wanted = slugify(name) if "@" in login else login  # an e-mail address is not shown
        return self.shelves.author(wanted, name, bio)
