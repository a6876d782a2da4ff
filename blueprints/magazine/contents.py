"""What a long story is made of: its headings, each with an address on the page."""

import re
from dataclasses import dataclass, replace

from markupsafe import Markup

from models.presenting import Block, Presented

LONG = 6  # minutes from which a list of the parts helps
FEWEST = 3  # headings
HEADING = re.compile(r"<h2>(.*?)</h2>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Part:
    anchor: str  # on the page
    heading: Markup


def with_contents(shown: Presented) -> tuple[Presented, list[Part]]:
    """The same story with an anchor on each heading, and the list of them; untouched when it is short."""
    if not shown.is_open or shown.minutes < LONG:
        return shown, []
    if sum(len(HEADING.findall(text)) for kind, text in shown.blocks if kind == "html") < FEWEST:
        return shown, []
    parts: list[Part] = []

    def anchored(match: re.Match[str]) -> str:
        parts.append(Part(f"part-{len(parts) + 1}", Markup(match[1])))  # noqa: S704 - of a text that was clean
        return f'<h2 id="{parts[-1].anchor}">{match[1]}</h2>'

    blocks: list[Block] = [
        ("html", Markup(HEADING.sub(anchored, block[1]))) if block[0] == "html" else block  # noqa: S704
        for block in shown.blocks
    ]
    return replace(shown, blocks=blocks), parts
