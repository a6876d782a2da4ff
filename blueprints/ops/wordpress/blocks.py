"""WordPress's blocks become plain HTML: comments are read and dropped, markup is reshaped by its classes."""

import json
import re
from collections import Counter
from typing import Any

from blueprints.ops.importing.cards import card
from blueprints.ops.importing.survey import Survey
from models.html_tree import Element, Node
from models.markdown import DIVIDER

BLOCK = re.compile(r"\s*wp:(?P<name>[\w/-]+)\s*(?P<given>\{.*\})?\s*(?P<filled_in>/?)\s*", re.DOTALL)
# Blocks without which a text has lost nothing.
QUIET = {"footnotes", "nextpage", "more", "shortcode", "spacer", "site-title", "site-logo", "site-tagline"}
DEEPEST = 3  # parts within parts
NOTES_CLASS = "import-notes"
ADDRESS = re.compile(r"https?://[^\s<>\"]+")


def without_comments(source: str, survey: Survey, filled_in: Counter[str], depth: int = 0) -> str:
    """The markup alone, with the parts it shares with other stories; "more" stays.

    `filled_in` counts the blocks by name that WordPress fills when the page is asked for: there is nothing to take.
    """
    pieces: list[str] = []
    at = 0
    while (start := source.find("<!--", at)) >= 0 and (end := source.find("-->", start + 4)) >= 0:
        pieces += [source[at:start], _comment(source[start : end + 3], survey, filled_in, depth)]
        at = end + 3
    return "".join([*pieces, source[at:]])


def _comment(comment: str, survey: Survey, filled_in: Counter[str], depth: int) -> str:
    if DIVIDER.fullmatch(comment):
        return comment
    block = BLOCK.fullmatch(comment[4:-3])
    if not block or not block["filled_in"]:
        return ""
    name, given = block["name"], _json(block["given"] or "{}")
    part = survey.part(str(given.get("ref", ""))) if name == "block" and depth < DEEPEST else ""
    if part:
        return without_comments(part, survey, filled_in, depth + 1)
    if "embed" in name and isinstance(given.get("url"), str):
        return f"\n\n{given['url']}\n\n"
    if name not in QUIET:
        filled_in[name] += 1
    return ""


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def with_notes(source: str, given: str, others: list[str]) -> str:
    """The text with its footnotes after it: `given` is WordPress's JSON, `others` stood in shortcodes."""
    try:
        found = json.loads(given) if given else []
    except (ValueError, RecursionError):
        found = []
    notes = [(str(note.get("id", "")), str(note.get("content", ""))) for note in found if isinstance(note, dict)]
    notes += [(f"shortcode-{number}", note) for number, note in enumerate(others, 1)]
    rows = "".join(
        f'<li id="{re.sub(r"[^0-9A-Za-z-]", "", name)}">{content}</li>' for name, content in notes if content
    )
    return f'{source}<section class="{NOTES_CLASS}"><ol>{rows}</ol></section>' if rows else source


def reshape(root: Element) -> None:
    """Change the tree, while it has WordPress's classes, into what our texts are made of."""
    _walk(root)
    _number_notes(root)


def _walk(parent: Element) -> None:
    children: list[Node] = []
    for child in parent.children:
        if isinstance(child, str):
            children.append(child)
            continue
        _walk(child)
        children += _shaped(child)
    parent.children = children


def _shaped(element: Element) -> list[Node]:
    if element.has_class("wp-block-pullquote"):
        return [_pull_quote(element)]
    if (
        element.has_class("wp-block-gallery")
        or element.has_class("blocks-gallery-grid")
        or element.has_class("gallery")
    ):
        return _gallery(element)
    if element.has_class("wp-block-embed") and (address := ADDRESS.search(_without_caption(element))):
        caption = [e for e in element.elements() if e.tag == "figcaption"]
        embedded = card(address[0])
        embedded.children += caption
        return [embedded]
    if element.has_class("wp-block-file__button") or (element.tag in {"ul", "ol"} and not element.children):
        return []
    if (
        element.tag in {"ul", "ol"}
        and not element.text().strip()
        and not any(e.tag == "img" for e in element.elements())
    ):
        return []
    return [element]


def _without_caption(figure: Element) -> str:
    return " ".join(
        child if isinstance(child, str) else child.text()
        for child in figure.children
        if isinstance(child, str) or child.tag != "figcaption"
    )


def _pull_quote(element: Element) -> Element:
    """Its paragraphs, and who said it in one of its own."""
    lines: list[Node] = []
    loose: list[Node] = []
    source = ""
    inner = next((e for e in element.elements() if e.tag == "blockquote"), element)
    for child in inner.children:
        if isinstance(child, Element) and child.tag in {"cite", "footer"}:
            source = child.text().strip().lstrip("—– ")
        elif isinstance(child, Element) and child.tag in {"p", "ul", "ol", "h2", "h3", "h4"}:
            lines.append(child)
        else:
            loose.append(child)
    if any(not isinstance(each, str) or each.strip() for each in loose):
        lines.insert(0, Element("p", {}, loose))
    return Element("aside", {"class": "pull-quote"}, lines + ([Element("p", {}, [f"— {source}"])] if source else []))


def _gallery(element: Element) -> list[Node]:
    """Its figures one after another, then its caption in a line of its own."""
    shown: list[Node] = []
    for child in element.children:
        if not isinstance(child, Element):
            continue
        if child.tag == "figcaption":
            shown.append(Element("p", {}, child.children))
        elif child.tag in {"figure", "img", "a", "p"}:
            shown.append(child if child.tag in {"figure", "p"} else Element("figure", {}, [child]))
        else:
            shown += _gallery(child)
    return shown


def _number_notes(root: Element) -> None:
    """Notes get numbers in the order in which the text speaks of them; those it never speaks of follow."""
    notes = _taken_out(root)
    numbers: dict[str, int] = {}
    marks: Counter[str] = Counter()
    for mark in root.elements():
        name = mark.attributes.get("data-fn", "")
        if mark.tag != "sup" or name not in notes:
            continue
        number = numbers.setdefault(name, len(numbers) + 1)
        again = f":{marks[name]}" if marks[name] else ""
        marks[name] += 1
        mark.attributes = {"class": "footnote-ref"}
        mark.children = [Element("a", {"href": f"#fn{number}", "id": f"fnref{number}{again}"}, [str(number)])]
    for name in notes:
        numbers.setdefault(name, len(numbers) + 1)
    rows: list[Node] = []
    for name, number in sorted(numbers.items(), key=lambda pair: pair[1]):
        has_lines = any(isinstance(child, Element) and child.tag == "p" for child in notes[name].children)
        children = notes[name].children if has_lines else [Element("p", {}, notes[name].children)]
        rows.append(Element("li", {"id": f"fn{number}"}, list(children)))
    if rows:
        root.children.append(Element("section", {"class": "footnotes"}, [Element("ol", {}, rows)]))


def _taken_out(root: Element) -> dict[str, Element]:
    """The notes by name, their list cut out of the tree."""
    for parent in [root, *root.elements()]:
        for child in parent.children:
            if isinstance(child, Element) and child.has_class(NOTES_CLASS):
                parent.children.remove(child)
                return {
                    e.attributes.get("id", ""): e for e in child.elements() if e.tag == "li" and "id" in e.attributes
                }
    return {}
