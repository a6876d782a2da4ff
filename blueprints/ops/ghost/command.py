"""`flask import-ghost`: the one edge of the import. It reads the clock and the settings, and prints."""

from collections import Counter
from contextlib import closing
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from blueprints.ops.ghost.planning import Plan, look, settle
from blueprints.ops.ghost.reading import NotTaken, rows
from blueprints.ops.ghost.stories import Maker
from blueprints.ops.ghost.tables import Tables
from blueprints.ops.importing.options import (
    Options,
    import_options,
    reading_bar,
    say,
    stopping_cleanly,
    taken_addresses,
)
from blueprints.ops.importing.report import Report
from blueprints.ops.importing.running import run
from blueprints.ops.importing.survey import Survey
from blueprints.ops.importing.texts import Texts
from models import utcnow


@click.command("import-ghost")
@click.option("--site", default="", metavar="ADDRESS", help="Where the old site stood: the export does not say.")
@import_options
@with_appcontext
def import_ghost(file: Path, options: Options, site: str) -> None:
    """Take the posts, pages, comments and pictures of a Ghost export (JSON, gzipped or not).

    What was for members or for those who pay stays so; --access says what public posts ask at least. Running it again
    takes only what is new, so an import that was stopped goes on where it was.
    """
    with closing(Survey()) as survey, closing(Tables()) as tables, stopping_cleanly(options):
        try:
            _import(file, site.strip(), options, survey, tables)
        except NotTaken as refusal:
            raise click.ClickException(f"{refusal} Nothing was changed.") from None


def _import(file: Path, address: str, options: Options, survey: Survey, tables: Tables) -> None:
    report, app = Report(), current_app
    with reading_bar(file) as tell:
        plan = look(file, address, survey, tables, report, tell)
    if plan.is_nowhere and options.download:
        raise NotTaken("--download needs --site ADDRESS: the export does not say where its pictures stand.")
    media = options.media_of(survey, plan.site)
    answers = settle(plan, app, taken_addresses(app), report)  # type: ignore[arg-type]  # the proxy of a Flask
    counts: Counter[str] = Counter()
    maker = Maker(plan, Texts(survey, plan.site, media, counts), media, answers, options.access, utcnow(), report)
    report.taken["redirects from old addresses"] += len(plan.leads)
    ready = maker.all(rows(file))
    run(ready, survey.how_many(), plan.shelves, media, options, redirects=plan.leads)
    report.changed += counts
    for what, number in (maker.koenig.left_out + maker.strangers).most_common():
        times = "once" if number == 1 else f"{number} times"
        report.left_out.append((what, f"a card that says nothing here, {times}."))
    say(_title(plan), report, media, options)


def _title(plan: Plan) -> str:
    version = f" {plan.version}" if plan.version else ""
    where = "no address given" if plan.is_nowhere else plan.site.link
    return f"{plan.title or 'A site'} (Ghost{version}, {where})"
