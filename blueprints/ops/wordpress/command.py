"""`flask import-wordpress`: the one edge of the import. It reads the clock and the settings, and prints."""

from collections import Counter
from contextlib import closing
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

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
from blueprints.ops.wordpress.planning import Plan, look, settle
from blueprints.ops.wordpress.stories import Maker
from blueprints.ops.wordpress.wxr import NotTaken, read
from models import utcnow


@click.command("import-wordpress")
@import_options
@with_appcontext
def import_wordpress(file: Path, options: Options) -> None:
    """Take the posts, pages, comments and pictures of a WordPress export (WXR, gzipped or not).

    Running it again takes only what is new, so an import that was stopped goes on where it was.
    """
    with closing(Survey()) as survey, stopping_cleanly(options):
        try:
            _import(file, options, survey)
        except NotTaken as refusal:
            raise click.ClickException(f"{refusal} Nothing was changed.") from None


def _import(file: Path, options: Options, survey: Survey) -> None:
    report, zone, app = Report(), current_app.config["ZONE"], current_app
    with reading_bar(file) as tell:
        plan = look(file, zone, survey, report, tell)
    site = plan.old_site
    media = options.media_of(survey, site)
    answers = settle(plan, app, taken_addresses(app), report)  # type: ignore[arg-type]  # the proxy of a Flask
    counts: Counter[str] = Counter()
    maker = Maker(plan, Texts(survey, site, media, counts), media, answers, options.access, utcnow(), report)
    report.taken["redirects from old addresses"] += len(plan.pages)
    ready = maker.all(read(file, zone))
    run(ready, survey.how_many(), plan.shelves, media, options, redirects=plan.pages)
    report.changed += counts
    _sum_up(plan, maker, survey, report)
    say(f"{plan.site.title or 'A WordPress export'} ({plan.site.link or 'no address given'})", report, media, options)


def _sum_up(plan: Plan, maker: Maker, survey: Survey, report: Report) -> None:
    """Counts that are known at the end only."""
    report.changed["shortcodes taken out (what they enclose stays)"] += sum(maker.strangers.values())
    report.changed["shortcodes made into text, pictures and links"] += sum(maker.shortcodes.values())
    for name, number in maker.strangers.most_common():
        report.left_out.append((f"[{name}]", f"a shortcode that is not known here, {_times(number)}."))
    for name, number in maker.filled_in.most_common():
        report.left_out.append((name, f"a block that WordPress fills in itself, {_times(number)}."))
    if maker.media.is_wanted:
        report.passed_over["media files that no story shows as a picture"] += survey.unused_media()
    else:
        report.passed_over["media files (they stay where they are; texts link to them)"] += plan.media


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
