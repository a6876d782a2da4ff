"""The crawl: whoever may not read a text hears no word of it, at any address, in any manner.

SQLite walks everything, PostgreSQL what asks the database another way: the door, search, feeds.
"""

import itertools

import pytest

from tests.canary import stores
from tests.canary.addresses import every
from tests.canary.conftest import Site
from tests.canary.walking import Walk, member, over_the_limit, visitor

READERS = {
    "visitor": lambda site: visitor(site.app),
    "visitor over the limit": lambda site: over_the_limit(site.app),
    "member over the limit": lambda site: member(site.app, site.magazine),
    "lapsed patron": lambda site: member(site.app, site.magazine, "lapsed"),
}


def test_every_address_has_been_thought_of(site: Site) -> None:
    """A new rule with a parameter needs a filler in addresses.py, or this says which."""
    assert len(list(every(site.app, site.magazine))) > len(list(site.app.url_map.iter_rules()))


@pytest.mark.parametrize("reader", READERS)
def test_nobody_hears_what_is_closed(site: Site, reader: str) -> None:
    """And nothing of it is left where the next reader, or another program, would find it."""
    walk = Walk(site.app, site.magazine, READERS[reader](site))
    found = list(walk.everything())
    assert not found, "\n".join(found[:20])
    assert walk.made > 1500
    kept = list(itertools.chain(stores.pages(site.app), stores.files(site.app), stores.letters(site.app)))
    assert len(kept) > 20  # by one reader alone; the site is shared with those who walked before
    assert not stores.leaks(site.magazine, kept)


def test_nor_on_postgresql(on_postgresql: Site) -> None:
    walk = Walk(on_postgresql.app, on_postgresql.magazine, READERS["lapsed patron"](on_postgresql))
    found = [*walk.door(brief=True), *walk.searches(), *walk.feeds()]
    assert not found, "\n".join(found[:20])
    assert not stores.leaks(on_postgresql.magazine, stores.pages(on_postgresql.app))


def test_what_readers_own_pages_take(site: Site) -> None:
    """Forms of one's own account, to the last: the reader leaves."""
    walk = Walk(site.app, site.magazine, member(site.app, site.magazine, "leaver"))
    assert not list(walk.leaving())
    assert walk.made > 20
