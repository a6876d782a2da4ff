"""The first reading of an export: is it sound, what is in it, and which address does everything get? Writes no row."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import Flask

from blueprints.ops.ghost import drafts
from blueprints.ops.ghost.posts import Post, moment
from blueprints.ops.ghost.reading import NotTaken, Row, rows
from blueprints.ops.ghost.tables import Tables
from blueprints.ops.importing.addresses import Answers, OldSite, still_needed
from blueprints.ops.importing.report import Report
from blueprints.ops.importing.settling import settle_stories
from blueprints.ops.importing.shelves import Shelves
from blueprints.ops.importing.survey import Planned, Survey
from blueprints.ops.importing.texts import opening_words, plain
from models.markdown import render

PLACEHOLDER = "__GHOST_URL__"  # what the export writes for the site's own address, which it does not tell
NOWHERE = "https://the-old-site.invalid"  # what we say for it until the end, when nobody tells us either
UNTITLED = {"", "(Untitled)"}
COUNTED = {
    "members": "members (their addresses stay where they are)",
    "newsletters": "newsletters",
    "products": "tiers and prices",
    "snippets": "snippets",
    "offers": "offers of Ghost's",
    "redirects": "redirects of Ghost's own",
}


@dataclass(slots=True)
class Plan:
    """What the first reading found. `survey`, `tables` and `shelves` know the rest."""

    survey: Survey
    tables: Tables
    shelves: Shelves
    site: OldSite
    title: str = ""
    version: str = ""
    leads: list[tuple[str, str]] = field(default_factory=list)  # of categories, tags and authors: old address, new
    categories: Counter[str] = field(default_factory=Counter)  # stories, by the number of their first public tag
    tags: Counter[str] = field(default_factory=Counter)  # likewise, of those that follow
    hidden: Counter[str] = field(default_factory=Counter)  # internal ones, by name

    @property
    def is_nowhere(self) -> bool:
        return self.site.link == NOWHERE

    def public_tags(self, number: str) -> list[Row]:
        """The tags of a post in their order, without the internal ones."""
        linked = (self.tables.one("tags", str(line.get("tag_id"))) for line in self.tables.of("posts_tags", number))
        return [tag for tag in linked if tag and not is_internal(tag)]

    def writers(self, post: Post) -> list[Row]:
        """Its authors in their order; those whom the file does not hold are passed over."""
        lines = self.tables.of("posts_authors", post.number)
        numbers = [str(line.get("author_id")) for line in lines] or [post.author]
        return [user for number in dict.fromkeys(numbers) if (user := self.tables.one("users", number))]


def look(
    path: Path, address: str, survey: Survey, tables: Tables, report: Report, tell: Callable[[int], object]
) -> Plan:
    """Read the file to its end. Raises NotTaken, before anything was changed.

    `address` is where the old site stood, or "".
    """
    plan = Plan(survey, tables, Shelves(report), OldSite(NOWHERE))
    seen: Counter[str] = Counter()
    for name, row in rows(path, tell):
        seen[name] += 1
        if name == "posts":
            _note(plan, seen["posts"], Post.of(row), report)
        elif name == "meta":
            plan.version = str(row.get("version") or "")
        else:
            tables.add(name, row)
    if not seen["posts"]:
        raise NotTaken("The export holds no posts.")
    told = address or tables.said("url")
    if told:
        plan.site = OldSite(told, tables.said("url"))
    if not plan.site.absolute("/"):
        raise NotTaken(f"“{told}” is no address of a site. It begins with https://.")
    plan.title = plain(tables.said("title"))
    for name, words in COUNTED.items():
        report.passed_over[words] += seen[name]
    return plan


def settle(plan: Plan, app: Flask, reserved: set[str], report: Report) -> Answers:
    """Give everything its address, and say where the old ones lead."""
    survey = plan.survey
    for story in survey.stories():
        if story.wanted:
            survey.add_formers(story.place, _formers(plan, story))
    settle_stories(survey, reserved, report)
    _shelve(plan, report)
    plan.shelves.tell(survey)
    answers = Answers(app, survey)
    for old, new in plan.leads:
        survey.lead(old, new)
    plan.leads = [pair for old, new in plan.leads for pair in still_needed([old], new, survey, answers)]
    return answers


def text_of(post: Post, site: str, strangers: Counter[str]) -> str:
    """Its HTML, made from the editor's form where the export has no other; the site's address in its place."""
    source = post.html
    if not source.strip():
        source = drafts.from_lexical(post.lexical, strangers) or drafts.from_mobiledoc(post.mobiledoc, strangers)
    if not source.strip() and post.markdown:
        source = render(post.markdown)
    return source.replace(PLACEHOLDER, site)


def is_internal(tag: Row) -> bool:
    """Old versions had no column for it: there a name with a # was enough."""
    return tag.get("visibility", "internal" if str(tag.get("name", "")).startswith("#") else "") == "internal"


def _note(plan: Plan, place: int, post: Post, report: Report) -> None:
    title = plain(post.title)
    if title in UNTITLED:
        title = opening_words(text_of(post, NOWHERE, Counter())) or "Untitled"
    story = Planned(place, post.key, post.kind, post.number, title, post.slug)
    if not plan.survey.add_story(story):
        first = plan.survey.story_of_key(post.key)
        again = first is not None and first.number == post.number
        if again or not plan.survey.add_story(replace(story, key=f"{post.key}:{post.number}")):
            report.refused.append((title, "it stands in the file twice; the first was taken."))
            return
    if post.at:
        plan.tables.add("moments", {"id": post.number, "at": post.at.isoformat()})


def _formers(plan: Plan, story: Planned) -> list[str]:
    """The addresses it had: with its date too, where an old Ghost was set so."""
    paths = [f"/{story.wanted}", f"/{story.wanted}/amp"]
    at = moment(plan.tables.one("moments", story.number).get("at"))
    permalink = plan.tables.said("permalinks")
    if at and story.kind == "article" and ":slug" in permalink:
        at = at.astimezone(_zone(plan.tables))
        given = {":slug": story.wanted, ":year": f"{at:%Y}", ":month": f"{at:%m}", ":day": f"{at:%d}"}
        dated = re.sub(r":[a-z]+", lambda part: given.get(part[0], part[0]), permalink.rstrip("/"))
        paths += [dated] if ":" not in dated else []
    return [plan.site.folder + path for path in dict.fromkeys(paths)]


def _zone(tables: Tables) -> ZoneInfo:
    try:
        return ZoneInfo(tables.said("timezone") or tables.said("active_timezone") or "UTC")
    except (ValueError, KeyError, OSError):
        return ZoneInfo("UTC")


def _shelve(plan: Plan, report: Report) -> None:
    """A story's first public tag (Ghost's primary tag) is its category; those with most stories come first."""
    tables, shelves, folder = plan.tables, plan.shelves, plan.site.folder
    for story in plan.survey.stories():
        if story.kind == "article":
            first, *others = [str(tag.get("id")) for tag in plan.public_tags(story.number)] or [""]
            plan.categories[first] += 1
            plan.tags.update(others)
    for number, _ in plan.categories.most_common():
        if tag := tables.one("tags", number):
            slug = shelves.category(_said(tag, "slug"), _said(tag, "name"), _said(tag, "description"))
            plan.leads.append((f"{folder}/tag/{_said(tag, 'slug')}", f"/category/{slug}"))
    for tag in tables.all("tags"):
        if is_internal(tag):
            report.passed_over["internal tags"] += 1
        elif plan.tags[str(tag.get("id"))] or not plan.categories[str(tag.get("id"))]:
            slug = shelves.tag(_said(tag, "slug"), _said(tag, "name"))
            plan.leads.append((f"{folder}/tag/{_said(tag, 'slug')}", f"/tag/{slug}"))
    for user in tables.all("users"):
        slug = shelves.author(_said(user, "slug"), _said(user, "name"), plain(_said(user, "bio")))
        plan.leads.append((f"{folder}/author/{_said(user, 'slug')}", f"/author/{slug}"))


def _said(row: Row, name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""
