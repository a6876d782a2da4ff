"""What HTML a text may hold: the allow-list, applied by nh3 to all that is written or imported."""

import re
from html import escape

import nh3
from markupsafe import Markup

BOXES = {"div", "section", "article", "main", "header", "footer", "center", "nav", "address", "hgroup"}
HEADINGS = {"h1": "h2", "h2": "h2", "h3": "h3", "h4": "h4", "h5": "h4", "h6": "h4"}
BLOCKS = (
    BOXES
    | set(HEADINGS)
    | {
        "p",
        "blockquote",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "pre",
        "hr",
        "figure",
        "figcaption",
        "aside",
        "table",
        "caption",
        "colgroup",
        "col",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "td",
        "th",
        "details",
        "summary",
    }
)
FORMATTING = {"a", "b", "code", "em", "i", "s", "small", "strong", "u"}
TAGS = (
    BLOCKS
    | FORMATTING
    | {
        "abbr",
        "bdi",
        "br",
        "cite",
        "del",
        "dfn",
        "img",
        "ins",
        "kbd",
        "mark",
        "q",
        "rp",
        "rt",
        "ruby",
        "samp",
        "span",
        "sub",
        "sup",
        "time",
        "var",
        "wbr",
    }
)
GONE = {
    "script",
    "style",
    "iframe",
    "object",
    "svg",
    "math",
    "template",
    "noscript",
    "select",
    "button",
    "textarea",
    "title",
    "video",
    "audio",
    "canvas",
}  # with what is in them
ATTRIBUTES = {
    "*": {"lang", "dir"},
    "a": {"href", "title", "id"},
    "abbr": {"title"},
    "col": {"span"},
    "del": {"datetime"},
    "details": {"open"},
    "div": {"data-offer"},
    "img": {"src", "alt", "title", "width", "height"},
    "ins": {"datetime"},
    "li": {"id", "value"},
    "ol": {"start", "reversed"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "time": {"datetime"},
}
CLASSES = {
    "aside": {"pull-quote", "gloss"},
    "div": {"offer-slot", "open-until-here"},
    "section": {"footnotes"},
    "sup": {"footnote-ref"},
}
NUMBER = re.compile(r"-?\d{1,4}")
VALUES = {  # what a value must look like, whole
    "lang": re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}"),
    "dir": re.compile("ltr|rtl|auto"),
    "id": re.compile(r"fn[\w:-]{1,60}"),
    "src": re.compile(r"https?://\S+|/media/\S+"),
    "data-offer": re.compile(r"[a-z0-9]+(-[a-z0-9]+)*"),
    "scope": re.compile("row|col|rowgroup|colgroup"),
    **dict.fromkeys(["width", "height", "span", "value", "start", "colspan", "rowspan"], NUMBER),
}
MOST_NESTED, MOST_REOPENED = 5_000, 500_000
TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")


def clean(html: str) -> str:
    """Sound HTML of the allowed kind only; comments go."""
    if is_soup(html):
        html = "".join(f"<p>{escape(part)}</p>" for part in re.split(r"\n\s*\n", html))
    return nh3.clean(
        html,
        tags=TAGS,
        clean_content_tags=GONE,
        attributes=ATTRIBUTES,
        attribute_filter=_value,
        allowed_classes=CLASSES,
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )


def is_soup(html: str) -> bool:
    """Whether tags are left open by the thousand: HTML's rules make that slow, or blow it up. Then it is shown as text.

    Every unclosed <b> is opened again in every paragraph that follows, and every block looks up through all
    that are open.
    """
    nested = formatting = reopened = 0
    for slash, name in TAG.findall(html):
        step, tag = (-1 if slash else 1), name.lower()
        if tag in FORMATTING:
            formatting = max(0, formatting + step)
        elif tag in BLOCKS and not slash:
            reopened += formatting
        if tag not in {"p", "li", "br", "img", "hr", "td", "tr", "th", "dt", "dd", "input", "col"}:
            nested = max(0, nested + step)
        if nested > MOST_NESTED or reopened > MOST_REOPENED:
            return True
    return False


def _value(tag: str, name: str, value: str) -> str | None:
    rule = VALUES.get(name)
    return value if rule is None or rule.fullmatch(value.strip()) else None


def safe(html: str) -> Markup:
    """Stored HTML, which was cleaned when it was written or imported, as it is."""
    return Markup(html)  # noqa: S704
