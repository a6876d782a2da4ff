"""A feed before it is written down as RSS, Atom or JSON: what it is called and what it holds."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urljoin

from markupsafe import Markup

from models import Article
from models.article import Kind
from models.html_tree import inner_html, parse
from models.metering import Viewer
from models.plain import cut, plain
from models.presenting import Presented, present

SUMMARY = 400  # characters of a text that has no standfirst
TITLE = "Without a title"
REST = Markup('<p><a href="{}">Read {} at {}</a></p>')


@dataclass(frozen=True, slots=True)
class Image:
    """A story's picture; the address is absolute."""

    url: str
    content_type: str
    width: int
    height: int
    alt: str
    caption: str
    credit: str


@dataclass(frozen=True, slots=True)
class Item:
    """One story as a feed gives it. Addresses are absolute; `whole` is "" where the feed has no more than a teaser."""

    url: str
    title: str
    summary: str  # plain words
    teaser: Markup  # the summary, and the way to the rest
    whole: Markup
    published: datetime
    updated: datetime
    authors: list[tuple[str, str]]  # name, address
    subjects: list[str]  # its category, then its tags
    image: Image | None


@dataclass(frozen=True, slots=True)
class Channel:
    """A feed: of the site, or of a category, tag or author."""

    title: str
    words: str
    site: str  # its name
    home: str  # the page that lists the same stories
    url: str  # of the feed itself
    icon: str
    items: list[Item]

    @property
    def updated(self) -> datetime | None:
        """The newest date that readers are told."""
        return max((item.updated for item in self.items), default=None)


def dated(story: Article) -> datetime:
    return max(filter(None, (story.published_at, story.updated_at)), default=story.created_at)


def item(story: Article, viewer: Viewer, site_url: str, site_name: str) -> Item:
    shown = present(story, viewer)
    url = f"{site_url}/articles/{quote(story.slug)}"
    text = absolute(shown.html, url)
    summary = story.standfirst.strip() or cut(plain(text), SUMMARY)
    is_whole = shown.is_open and story.kind is Kind.ARTICLE
    image = image_of(story, site_url)
    return Item(
        url=url,
        title=story.title.strip() or TITLE,
        summary=summary,
        teaser=teaser(story, text, rest(story, url, site_name)),
        whole=figure(image) + text + references(shown, url) if is_whole else Markup(""),
        published=story.published_at or story.created_at,
        updated=updated(story, shown),
        authors=[(author.name, f"{site_url}/author/{quote(author.slug)}") for author in story.authors],
        subjects=subjects(story),
        image=image,
    )


def updated(story: Article, shown: Presented) -> datetime:
    """When readers last got something new: a liveblog's newest entry counts."""
    return max([dated(story), *(entry.at for entry in shown.entries)])


def subjects(story: Article) -> list[str]:
    names = [story.category.name] if story.category else []
    return list(dict.fromkeys(names + [tag.name for tag in story.tags]))


def teaser(story: Article, text: Markup, then: Markup) -> Markup:
    """The standfirst an editor wrote, else what everybody may read of the text; then the way to the rest."""
    if story.standfirst.strip():
        return Markup("<p>{}</p>").format(story.standfirst.strip()) + then
    return text + then


def rest(story: Article, url: str, site_name: str) -> Markup:
    return REST.format(url, "the liveblog" if story.kind is Kind.LIVEBLOG else "the whole story", site_name)


def references(shown: Presented, url: str) -> Markup:
    return Markup("<h2>References</h2>") + absolute(shown.references, url) if shown.references else Markup("")


def image_of(story: Article, site_url: str) -> Image | None:
    picture = story.picture
    if picture is None:
        return None
    return Image(
        f"{site_url}/media/{quote(picture.key)}",
        picture.content_type,
        picture.width,
        picture.height,
        story.picture_alt,
        story.picture_caption,
        story.picture_credit or picture.credit,
    )


def figure(image: Image | None) -> Markup:
    """The picture at the head of a story, for readers' programs that show the text alone."""
    if image is None:
        return Markup("")
    below = " ".join(filter(None, (image.caption, image.credit)))
    return Markup('<figure><img src="{}" alt="{}" width="{}" height="{}">{}</figure>').format(
        image.url,
        image.alt,
        image.width,
        image.height,
        Markup("<figcaption>{}</figcaption>").format(below) if below else "",
    )


def absolute(html: Markup, page: str) -> Markup:
    """The same HTML for another place than its page: links and pictures say where they lead, without our script's
    marks and the choice of sizes that only our own pages make use of."""
    root = parse(html)
    for element in root.elements():
        for name in [name for name in element.attributes if name.startswith("data-")]:
            del element.attributes[name]
        for name in ("srcset", "sizes"):
            element.attributes.pop(name, None)
        for name in ("href", "src"):
            if name in element.attributes:
                element.attributes[name] = joined(page, element.attributes[name])
    return Markup(inner_html(root).strip())  # noqa: S704 - as clean as it came


def joined(page: str, address: str) -> str:
    try:
        return urljoin(page, address)
    except ValueError:  # "http://[": nowhere, on the page too
        return page
