"""The glossary: hanzi terms with how they are said and what they mean, all of them or those of one story."""

from flask.typing import ResponseReturnValue

from blueprints.magazine.area import bp, page
from models import Article, Term
from models.glossary import terms_in
from models.presenting import Presented


@bp.get("/glossary")
def glossary() -> ResponseReturnValue:
    return page("magazine/glossary.html", terms=Term.in_order())


def words_of(story: Article, shown: Presented) -> list[Term]:
    """The terms that this reader finds in what is shown of the story."""
    entries = "".join(entry.body_html for entry in shown.entries)
    return terms_in(f"{story.title}\n{story.standfirst}\n{shown.html}{entries}", Term.in_order())
