"""Between the two readings: which stories are here already, which address does each of the others get?"""

from collections.abc import Container
from itertools import islice
from typing import Any

from blueprints.ops.importing.report import Report
from blueprints.ops.importing.survey import Planned, Survey
from models import Article, Page, db
from models.slug import slugify

TABLES: tuple[tuple[str, Any], ...] = (("article", Article), ("page", Page))


def settle_stories(survey: Survey, reserved: Container[str], report: Report) -> None:
    """Give every story of the survey its slug, and let the addresses it had lead to it. `reserved`: not for pages."""
    for kind, table in TABLES:
        survey.take(kind, db.session.scalars(db.select(table.slug).execution_options(yield_per=1000)))
        _recognise(survey, kind, table)
    for story in survey.stories():
        if not story.is_known:
            _address(survey, story, reserved if story.kind == "page" else (), report)
    survey.lead_all()


def _recognise(survey: Survey, kind: str, table: Any) -> None:
    """Say which stories are here already, and under which slug."""
    keys = (story.key for story in survey.stories() if story.kind == kind)
    while some := list(islice(keys, 500)):
        found = db.select(table.imported_from, table.slug).where(table.imported_from.in_(some))
        survey.know({key: slug for key, slug in db.session.execute(found)})


def _address(survey: Survey, story: Planned, reserved: Container[str], report: Report) -> None:
    """A free slug, close to the one it had."""
    plain = slugify(story.wanted) or slugify(story.title) or f"post-{story.number}"
    slug = survey.free_slug(story.kind, plain, reserved)
    survey.settle(story.place, slug)
    if story.wanted and slug != story.wanted:
        report.notes.append((story.title, f"its address “{story.wanted}” became “{slug}”."))
