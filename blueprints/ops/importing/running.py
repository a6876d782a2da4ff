"""Runs an import in batches: made ready with no transaction open, stored in one, forgotten, and on to the next.

Stopped between two batches, by Ctrl-C or a crash, it has stored whole batches only; the next run takes the rest.
"""

import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import NoReturn

from tqdm import tqdm

from blueprints.ops.importing.media import Media
from blueprints.ops.importing.options import Options
from blueprints.ops.importing.shelves import Shelves
from blueprints.ops.importing.storing import Ready, store
from models import Redirect, begin_write, db

BATCH = 50  # stories


def run(
    stories: Iterable[Ready | None],
    total: int,
    shelves: Shelves,
    media: Media,
    options: Options,
    *,
    redirects: Iterable[tuple[str, str]] = (),
) -> None:
    """Store all that is ready, and count it in `options.stored`; None counts too, there is nothing to it.

    `redirects` are those of the shelves. In a dry run the stories are made ready, and then let go.
    """
    if not options.dry_run:
        begin_write()
        shelves.store()
        Redirect.keep_all(redirects)
        db.session.commit()
        db.session.expunge_all()
    with tqdm(total=total, unit=" stories", disable=None, leave=False) as bar:  # None: only on a terminal
        waiting = _counted(stories, bar)
        while batch := list(islice(waiting, BATCH)):
            db.session.rollback()  # what was asked while they were made ready
            if not options.dry_run:
                with _unstopped():
                    begin_write()
                    store([ready for ready in batch if ready is not None], shelves, media)
                    db.session.commit()
                    options.stored += len(batch)
            db.session.expunge_all()
            media.forget()


@contextmanager
def _unstopped() -> Iterator[None]:
    """Let Ctrl-C wait until a batch is stored and counted: what is said of it must be what is so."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _counted(stories: Iterable[Ready | None], bar: "tqdm[NoReturn]") -> Iterator[Ready | None]:
    """Each as it comes: a batch with many pictures to fetch may take minutes."""
    for ready in stories:
        yield ready
        bar.update(1)
