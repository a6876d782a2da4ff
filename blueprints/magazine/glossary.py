"""The glossary: hanzi terms with how they are said and what they mean, all of them or those of one story."""

from typing import Any

from flask.typing import ResponseReturnValue

from blueprints.magazine.area import bp, page
from models import Term
from models.generation import memo, plain
from models.glossary import terms_in
from models.presenting import Presented
from models.story import Story


@bp.get("/glossary")
def glossary() -> ResponseReturnValue:
    return page("magazine/glossary.html", terms=Term.in_order())


def known() -> list[Any]:
    """Every term as plain values, for each story asks for them."""
    return [plain(term) for term in Term.in_order()]


def words_of(story: Story, shown: Presented) -> list[Any]:
    """The terms that this reader finds in what is shown of the story."""
    terms = memo("glossary", known)
    if not terms:
        return []
    entries = "".join(entry.body_html for entry in shown.entries)
    return terms_in(f"{story.title}\n{story.standfirst}\n{shown.html}{entries}", terms)
