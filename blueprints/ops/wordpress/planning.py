"""The first reading of an export: is it sound, what is in it, and which address does everything get? Writes no row."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from flask import Flask

from blueprints.ops.importing.addresses import Answers, OldSite, still_needed, without_scheme
from blueprints.ops.importing.report import Report
from blueprints.ops.importing.settling import settle_stories
from blueprints.ops.importing.shelves import Shelves
from blueprints.ops.importing.survey import Medium, Planned, Survey
from blueprints.ops.importing.texts import opening_words, plain
from blueprints.ops.wordpress import blocks, shortcodes
from blueprints.ops.wordpress.bylines import Bylines
from blueprints.ops.wordpress.wxr import Item, Person, Site, Term, read

NO_CATEGORY = "uncategorized"  # WordPress's word for none
LEFT_OUT = {"trash": "in WordPress's bin", "auto-draft": "drafts never saved", "inherit": "revisions"}
KINDS = {
    "nav_menu_item": "menu entries",
    "revision": "revisions",
    "wp_navigation": "menus",
    "wp_template": "templates",
    "wp_template_part": "templates",
    "wp_global_styles": "styles",
    "custom_css": "styles",
}
READ_ELSEWHERE = {"guest-author", "wp_block", "attachment"}
CREDITS = ("_media_credit", "_credit", "credit", "_photographer", "photo_credit", "_wp_attachment_credit")
# A PHP string in the picture's metadata: s:6:"credit";s:12:"Jane Example". Its length counts bytes.
CAMERA_CREDIT = re.compile(rb's:6:"credit";s:(\d{1,4}):"')


@dataclass(slots=True)
class Plan:
    """What the first reading found. `survey` and `shelves` know the rest."""

    survey: Survey
    shelves: Shelves
    bylines: Bylines
    site: Site = field(default_factory=Site)
    terms: dict[tuple[str, str], Term] = field(default_factory=dict)
    stories: Counter[str] = field(default_factory=Counter)  # by the slug of their category
    stray: dict[tuple[str, str, bool], Term] = field(default_factory=dict)  # terms of stories; whether main
    pages: list[tuple[str, str]] = field(default_factory=list)  # of categories, tags, authors: old address, new
    media: int = 0

    @property
    def old_site(self) -> OldSite:
        return OldSite(self.site.link, *self.site.others)


def look(path: Path, zone: ZoneInfo, survey: Survey, report: Report, tell: Callable[[int], object]) -> Plan:
    """Read the file to its end. Raises NotTaken, before anything was changed."""
    shelves = Shelves(report)
    plan = Plan(survey, shelves, Bylines(shelves))
    for place, piece in enumerate(read(path, zone, tell)):
        if isinstance(piece, Site):
            plan.site = piece
        elif isinstance(piece, Person):
            plan.bylines.people[piece.login] = piece
        elif isinstance(piece, Term):
            plan.terms.setdefault((piece.kind, piece.slug), piece)
        else:
            _note(plan, place, piece, report)
    return plan


def settle(plan: Plan, app: Flask, reserved: set[str], report: Report) -> Answers:
    """Give everything its address, and say where the old ones lead."""
    survey = plan.survey
    settle_stories(survey, reserved, report)
    _shelve(plan)
    plan.shelves.tell(survey)
    answers = Answers(app, survey)
    for old, new in plan.pages:
        survey.lead(old, new)
    plan.pages = [pair for old, new in plan.pages for pair in still_needed([old], new, survey, answers)]
    return answers


def sorted_terms(terms: Iterable[Term]) -> tuple[Term | None, list[Term]]:
    """A story's category, the first that says something, and what become its tags."""
    named = [term for term in terms if term.name]
    categories = [term for term in named if term.kind == "category"]
    telling = [term for term in categories if term.slug != NO_CATEGORY]
    return next(iter(telling or categories), None), telling[1:] + [term for term in named if term.kind == "post_tag"]


def _note(plan: Plan, place: int, item: Item, report: Report) -> None:
    site = plan.old_site
    if item.kind == "attachment":
        plan.media += 1
        _note_medium(plan.survey, site, item)
    elif item.kind == "wp_block":
        plan.survey.add_part(item.number, item.body)
    elif item.kind == "guest-author":
        plan.bylines.introduce(item)
    elif item.kind not in {"post", "page"}:
        report.passed_over[KINDS.get(item.kind, f"items of the kind “{item.kind or 'none'}”")] += 1
    elif item.status in LEFT_OUT:
        report.passed_over[f"{item.kind}s: {LEFT_OUT[item.status]}"] += 1
    else:
        _note_story(plan, place, item, site, report)


def _note_story(plan: Plan, place: int, item: Item, site: OldSite, report: Report) -> None:
    survey = plan.survey
    key = item.guid or f"{site.link}/?p={item.number}"
    kind = "article" if item.kind == "post" else "page"
    title = plain(item.title) or _first_words(item, survey) or "Untitled"
    story = Planned(place, key, kind, item.number, title, unquote(item.slug))
    if not survey.add_story(story):  # copies made by plugins share a guid: the second is told by its number
        first = survey.story_of_key(key)
        again = first is not None and first.number == item.number
        if again or not survey.add_story(replace(story, key=f"{key}#post-{item.number}")):
            report.refused.append((item.title, "it stands in the file twice; the first was taken."))
            return
    survey.add_formers(place, _formers(item, site))
    main, others = sorted_terms(item.terms)
    plan.stories[main.slug if main else ""] += kind == "article"
    for term in [*([main] if main else []), *others] if kind == "article" else []:
        plan.stray.setdefault((term.kind, term.slug, term is main), term)
    if kind == "article":
        plan.bylines.of(item)


def _first_words(item: Item, survey: Survey) -> str:
    bare = blocks.without_comments(item.body, survey, Counter())
    return opening_words(shortcodes.resolve(bare, survey, item.number).html)


def _formers(item: Item, site: OldSite) -> set[str]:
    """The addresses it had: its permalink, its number, and its permalinks from before it was renamed."""
    link = site.local(item.link)
    olds = {link, site.local(item.guid), site.numbered("p", item.number)}
    if item.kind == "page":
        olds.add(site.numbered("page_id", item.number))
    slug = unquote(item.slug)
    if slug and "?" not in link and link.endswith(f"/{slug}"):
        olds |= {link.removesuffix(slug) + unquote(old) for old in item.meta.get("_wp_old_slug", []) if old}
    return olds - {"", "/", site.folder}


def _note_medium(survey: Survey, site: OldSite, item: Item) -> None:
    address = site.absolute(item.file or item.guid)
    if not address:
        return
    medium = Medium(
        number=item.number,
        address=address,
        alt=plain(item.said("_wp_attachment_image_alt")),
        caption=plain(item.excerpt),
        credit=plain(item.said(*CREDITS) or _camera_credit(item.said("_wp_attachment_metadata"))),
        parent="" if item.parent == "0" else item.parent,
        title=plain(item.title),
    )
    addresses = {without_scheme(address), without_scheme(site.absolute(item.link))}
    attached = item.said("_wp_attached_file")
    if attached and "/uploads/" in address:
        addresses.add(without_scheme(address.partition("/uploads/")[0] + "/uploads/" + attached))
    survey.add_medium(medium, sorted(addresses - {""}))
    pages = {site.local(item.link), site.numbered("attachment_id", item.number), site.numbered("p", item.number)}
    survey.add_attached(sorted(pages - {"", "/"}), medium.parent)


def _camera_credit(metadata: str) -> str:
    data = metadata.encode()
    found = CAMERA_CREDIT.search(data)
    return data[found.end() : found.end() + int(found[1])].decode("utf-8", "replace") if found else ""


def _shelve(plan: Plan) -> None:
    """All the export names, in use or not; the categories with most stories first, for the menu has few places."""
    shelves, site = plan.shelves, plan.old_site
    categories = [term for term in plan.terms.values() if term.kind == "category"]
    for term in sorted(categories, key=lambda term: -plan.stories[term.slug]):
        new = f"/category/{shelves.category(term.slug, term.name, term.description)}"
        olds = [f"{site.folder}/category/{path}" for path in _paths(term, plan.terms)]
        plan.pages += [(old, new) for old in [*olds, site.numbered("cat", term.number)] if old]
    for term in plan.terms.values():
        if term.kind == "post_tag":
            new = f"/tag/{shelves.tag(term.slug, term.name)}"
            plan.pages += [(f"{site.folder}/tag/{unquote(term.slug)}", new), (site.numbered("tag", term.slug), new)]
    for (_, _, is_main), term in plan.stray.items():
        if is_main:
            shelves.category(term.slug, term.name)
    for (_, _, is_main), term in plan.stray.items():
        if not is_main:
            shelves.tag(term.slug, term.name, is_category=term.kind == "category")
    for login, slug, number in plan.bylines.all():
        new = f"/author/{slug}"
        plan.pages += [(f"{site.folder}/author/{login}", new)]
        plan.pages += [(old, new) for old in [site.numbered("author", number)] if old]


def _paths(term: Term, terms: dict[tuple[str, str], Term]) -> list[str]:
    """ "towns", and "places/towns" where the category stands under another."""
    whole, parent = [unquote(term.slug)], term.parent
    while parent and len(whole) < 10:
        whole.insert(0, unquote(parent))
        above = terms.get(("category", parent))
        parent = above.parent if above else ""
    return list(dict.fromkeys([whole[-1], "/".join(whole)]))
