"""What the desk's pages take: the shape only. What a story must have is in models/editing.py."""

import re

from wtforms import (
    BooleanField,
    Field,
    FieldList,
    FormField,
    HiddenField,
    MultipleFileField,
    RadioField,
    SelectField,
    SelectMultipleField,
    ValidationError,
)
from wtforms.validators import DataRequired, Email, InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from blueprints.desk.fields import InOrder, LocalTime, Names, Percent, Text, Words, known_zone
from blueprints.forms import Form
from models import Article, Author, Category, LiveEntry, Page, Picture, Publication, Series, Tag, Term, db, utcnow
from models.article import Kind
from models.base import new_public_id
from models.hanzi import has_hanzi
from models.metering import Access, Mode
from models.offer import Edition
from models.slug import slugify

ACCESS = {
    Access.FREE: "Free",
    Access.METERED: "Metered",
    Access.MEMBERS: "Members",
    Access.PATRONS: "Patrons",
    Access.PATRONS_FIRST: "Patrons first, then all",
}
KINDS = {Kind.ARTICLE: "Story", Kind.LIVEBLOG: "Liveblog"}
LONGEST_TAG = 80  # characters
LONGEST_TITLE = 300
LONGEST_NAME = 100  # of a category or an author
PLACES = 5  # on the board
IN_FEEDS = {"teaser": "A teaser, and a link to the rest", "drop": "Leave them out"}  # models/feeding.py
MODES = {
    Mode.METER: "Count metered stories; each story as it says",
    Mode.OPEN: "Everything is free, and we ask",
    Mode.HARD: "Metered stories are for patrons",
}
PICTURES = 11  # to choose from in a story's form


def whole_or_none(value: object) -> int | None:
    return int(str(value)) if value not in (None, "", "None") else None


class StoryForm(Form):
    title = Words("Title", [Length(max=LONGEST_TITLE)])
    standfirst = Text("Standfirst", [Length(max=2000)])
    source = Text("Text")
    category = SelectField("Category", coerce=whole_or_none)
    access = SelectField("Open to", choices={access.value: words for access, words in ACCESS.items()}, default="free")
    free_from = LocalTime("Free from", [Optional()])
    published_at = LocalTime("Goes out", [Optional()])
    slug = Words("Address", [Length(max=200)])
    move = BooleanField("Change the address; the old one will lead to it")
    series = SelectField("Series", coerce=whole_or_none)
    series_position = Words("Place in the series", [Optional()])
    authors = InOrder("Authors", coerce=int)
    tags = Names("Tags", [Length(max=2000)])
    updated_at = LocalTime("Updated", [Optional()])
    picture = RadioField("Picture", default="", validate_choice=False)
    picture_key = Words("Another picture’s key", [Length(max=200)])
    picture_alt = Words("What the picture shows", [Length(max=1000)])
    picture_caption = Words("Caption", [Length(max=1000)])
    picture_credit = Words("Credit", [Length(max=300)])
    picture_focus = Words("Point that a crop keeps")
    is_lead = BooleanField("On top of the front page")
    kind = SelectField("Kind", choices={kind.value: words for kind, words in KINDS.items()}, default="article")
    place = Words("Place", [Length(max=100)])
    other_place = Words("Other place", [Length(max=100)])
    other_zone = Words("Its time zone", [known_zone])
    saved_at = HiddenField()
    shelf: list[Picture]  # the pictures shown to choose from

    @classmethod
    def of(cls, story: Article | None) -> "StoryForm":
        """The form as posted, else as the story stands."""
        form = cls.posted(data=_typed_of(story) if story else None)
        form.category.choices = {"": "None yet"} | {str(each.id): each.name for each in Category.in_order()}
        form.series.choices = {"": "None"} | {str(each.id): each.title for each in Series.in_order()}
        form.authors.choices = {str(author.id): author.name for author in Author.in_order()}
        form.shelf = pictures_to_choose(form.picture.data or "")
        form.picture.choices = [("", "No picture"), *((each.key, each.name or each.key) for each in form.shelf)]
        return form

    @property
    def chosen_picture(self) -> str:
        """The key typed, else the one chosen; "" for none."""
        return self.picture_key.data.removeprefix("media:") or self.picture.data or ""

    def validate_picture(self, field: Field) -> None:
        if field.data and not self.picture_key.data and Picture.by_key(field.data) is None:
            raise ValidationError("This picture is no longer there. Choose another.")

    def validate_picture_key(self, field: Field) -> None:
        if field.data and Picture.by_key(self.chosen_picture) is None:
            raise ValidationError("There is no picture with this key. Copy it from the picture’s page.")

    def validate_tags(self, field: Names) -> None:
        for name in field.names:
            if not slugify(name):
                raise ValidationError(f"‘{name}’ cannot be a tag. It needs at least one letter or digit.")
            if len(name) > LONGEST_TAG:
                raise ValidationError(f"A tag has at most {LONGEST_TAG} characters. Part tags by commas.")

    def validate_slug(self, field: Field) -> None:
        if field.data and not slugify(field.data):
            raise ValidationError("The address needs at least one letter or digit.")

    def validate_series_position(self, field: Field) -> None:
        if field.data and not re.fullmatch("[0-9]{1,4}", field.data):
            raise ValidationError("Write a whole number such as 2, or leave it empty for the last place.")

    def validate_picture_focus(self, field: Field) -> None:
        if field.data and not re.fullmatch(r"(100|\d{1,2})% (100|\d{1,2})%", field.data):
            raise ValidationError("Write two percentages: from the left, from the top. 50% 50% is the middle.")


def pictures_to_choose(chosen: str) -> list[Picture]:
    """The newest pictures, after the one that is chosen."""
    newest = list(db.session.scalars(Picture.newest().limit(PICTURES)))
    first = Picture.by_key(chosen) if chosen else None
    return [*([first] if first else []), *(each for each in newest if each is not first)]


def _typed_of(story: Article) -> dict[str, object]:
    names = (
        "title standfirst source slug published_at updated_at free_from picture_alt picture_caption picture_credit "
        "picture_focus is_lead place other_place other_zone"
    )
    return {
        **{name: getattr(story, name) for name in names.split()},
        "category": story.category_id,
        "series": story.series_id,
        "series_position": str(story.series_position) if story.series_id else "",
        "access": story.access.value,
        "kind": story.kind.value,
        "authors": [author.id for author in story.authors],
        "tags": [tag.name for tag in story.tags],
        "picture": story.picture.key if story.picture else "",
        "saved_at": story.saved_at.isoformat(),
    }


class EntryForm(Form):
    at = LocalTime("Time", [InputRequired("The time is missing. Write when it was said.")])
    speaker = Words("Speaker", [Length(max=200)])
    topic = Words("Topic", [Length(max=300)])
    headline = Words("Headline", [Length(max=300)])
    source = Text("Text")
    correction = Words("What was put right", [Length(max=1000)])
    before = HiddenField()  # what the form of an entry was filled from
    once = HiddenField()  # names the form of a new one: sent twice, posted once

    @classmethod
    def of(cls, entry: LiveEntry | None, before: str) -> "EntryForm":
        names = ("at", "speaker", "topic", "headline", "source", "correction")
        typed = {name: getattr(entry, name) for name in names} if entry else cls.blank()
        return cls.posted(data={**typed, "before": before})

    @classmethod
    def blank(cls) -> dict[str, object]:
        return {"at": utcnow(), "once": new_public_id()}

    def validate_source(self, field: Field) -> None:
        if not field.data.strip() and not self.headline.data:
            raise ValidationError("The entry is empty. Write its text, or a headline at least.")


class PostForm(EntryForm):
    """A new entry while things happen: its time is when it is posted, unless another is typed."""

    at = LocalTime("Time", [Optional()])

    @classmethod
    def blank(cls) -> dict[str, object]:
        return {"once": new_public_id()}


class PublicationForm(Form):
    motto = Words("Motto", [Length(max=300)])
    colophon = Text("Colophon", [Length(max=2000)])
    wordmark_hanzi = Words("Hanzi beside the name", [Length(max=12)])
    publisher = Words("Publisher", [Length(max=300)])
    address = Text("Postal address", [Length(max=500)])
    email = Words("E-mail", [Optional(), Email("This is no e-mail address. Write it as name@example.org.")])
    gated_in_feeds = SelectField("Gated stories in feeds", choices=IN_FEEDS, default="teaser")
    crawlers_read = BooleanField("Search engines read metered stories")
    reading_mode = SelectField("What readers meet", choices={mode.value: words for mode, words in MODES.items()})
    before = HiddenField()

    @classmethod
    def of(cls, publication: Publication, before: str) -> "PublicationForm":
        return cls.posted(obj=publication, data={"before": before})


class CodeForm(Form):
    text = Words("Code", [InputRequired("The code is empty. Write the word that readers will type."), Length(max=60)])
    percent = Percent("Per cent off")
    editions = SelectMultipleField(
        "Good for", coerce=int, widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )
    ends_at = LocalTime("Ends", [Optional()])
    max_redemptions = Words("Uses at most", [Optional()])
    note = Words("Note", [Length(max=300)])

    @classmethod
    def of(cls, editions: list[Edition]) -> "CodeForm":
        form = cls.posted()
        form.editions.choices = {str(edition.id): f"{edition.offer.title}, {edition.name}" for edition in editions}
        return form

    def validate_editions(self, field: Field) -> None:
        if not field.data:
            raise ValidationError("The code would be good for nothing. Choose at least one edition.")

    def validate_max_redemptions(self, field: Field) -> None:
        if not re.fullmatch("[0-9]{1,7}", field.data) or int(field.data) < 1:
            raise ValidationError("Write a whole number from 1, or leave it empty for no limit.")


class BoardRow(Form):
    name = Words("Hashtag", [Length(max=LONGEST_TAG)])
    meaning = Words("Meaning", [Length(max=300)])
    source = Words("Source", [Length(max=300)])

    def validate_name(self, field: Field) -> None:
        if field.data and not slugify(field.data):
            raise ValidationError("A hashtag needs at least one letter or digit.")

    @property
    def names(self) -> list[str]:
        """The hashtag, if one is typed."""
        return [self.name.data] if self.name.data else []


class BoardForm(Form):
    rows = FieldList(FormField(BoardRow), min_entries=PLACES, max_entries=PLACES)
    before = HiddenField()

    @classmethod
    def of(cls, tags: list[Tag], before: str) -> "BoardForm":
        rows = [{"name": tag.name, "meaning": tag.meaning, "source": tag.source} for tag in tags]
        return cls.posted(data={"rows": rows, "before": before})


class SectionForm(Form):
    """What categories and authors have in common: a name, and an address made from it when none is typed."""

    name = Words(
        "Name", [InputRequired("The name is empty. Write the one that readers will see."), Length(max=LONGEST_NAME)]
    )
    slug = Words("Address", [Length(max=200)])
    before = HiddenField()

    @classmethod
    def of(cls, row: Category | Author | None, before: str) -> "SectionForm":
        """The form as posted, else as the row stands."""
        return cls.posted(obj=row, data={"before": before})

    def validate_name(self, field: Field) -> None:
        if not slugify(field.data):
            raise ValidationError("The name needs at least one letter or digit.")

    def validate_slug(self, field: Field) -> None:
        if field.data and not slugify(field.data):
            raise ValidationError("The address needs at least one letter or digit.")


class SeriesForm(Form):
    title = Words(
        "Title", [InputRequired("The title is empty. Write the one that readers will see."), Length(max=LONGEST_TITLE)]
    )
    slug = Words("Address", [Length(max=200)])
    description = Text("Description", [Length(max=2000)])
    before = HiddenField()

    @classmethod
    def of(cls, row: Series | None, before: str) -> "SeriesForm":
        """The form as posted, else as the row stands."""
        return cls.posted(obj=row, data={"before": before})

    def validate_title(self, field: Field) -> None:
        if not slugify(field.data):
            raise ValidationError("The title needs at least one letter or digit.")

    def validate_slug(self, field: Field) -> None:
        if field.data and not slugify(field.data):
            raise ValidationError("The address needs at least one letter or digit.")


class RedirectForm(Form):
    path = Words(
        "Old address", [InputRequired("The old address is empty. Write the one that should lead on."), Length(max=1000)]
    )
    target = Words(
        "Leads to", [InputRequired("The new address is empty. Write where it should lead."), Length(max=1000)]
    )


class CategoryForm(SectionForm):
    hanzi = Words("Hanzi", [Length(max=12)])
    description = Text("Description", [Length(max=2000)])
    position = Words("Place in the order", [Optional()])
    gated_in_feeds = SelectField(
        "Gated stories in its feeds", choices={"": "As the publication does", **IN_FEEDS}, default=""
    )

    def validate_position(self, field: Field) -> None:
        if not re.fullmatch("[0-9]{1,6}", field.data):
            raise ValidationError("Write a whole number such as 3, or leave it empty for the last place.")


class AuthorForm(SectionForm):
    role = Words("Role", [Length(max=200)])
    bio = Text("About", [Length(max=5000)])


class TermForm(Form):
    hanzi = Words("Hanzi", [InputRequired("The term is empty. Write it as the stories do."), Length(max=40)])
    pinyin = Words("Pinyin", [Length(max=200)])
    meaning = Text("Meaning", [InputRequired("The meaning is empty. Say it in a sentence."), Length(max=2000)])
    before = HiddenField()

    def validate_hanzi(self, field: Field) -> None:
        if not has_hanzi(field.data):
            raise ValidationError("There is no Chinese character in this. The glossary explains hanzi.")

    def populate(self, term: Term) -> None:
        term.hanzi, term.pinyin, term.meaning = self.hanzi.data, self.pinyin.data, self.meaning.data.strip()


class PageForm(Form):
    title = Words(
        "Title", [DataRequired("The title is empty. Write the one that readers will see."), Length(max=LONGEST_TITLE)]
    )
    standfirst = Text("Standfirst", [Length(max=2000)])
    source = Text("Text")
    slug = Words("Address", [Length(max=200)])

    @classmethod
    def of(cls, page: Page | None) -> "PageForm":
        """The form as posted, else as the page stands."""
        return cls.posted(obj=page)


class CreditForm(Form):
    """Whose a picture is."""

    credit = Words("Credit", [Length(max=300)])
    source_url = Words("Where it was found", [Length(max=1000)])
    licence = Words("Licence", [Length(max=200)])

    def validate_source_url(self, field: Field) -> None:
        if field.data and not re.fullmatch(r"https?://\S+", field.data):
            raise ValidationError("Write the whole address, beginning with https://.")


class UploadForm(CreditForm):
    files = MultipleFileField("Pictures")


class PictureForm(CreditForm):
    alt = Words("What it shows", [Length(max=1000)])
    caption = Words("Caption", [Length(max=1000)])
    before = HiddenField()

    @classmethod
    def of(cls, picture: Picture, before: str) -> "PictureForm":
        """The form as posted, else as the row stands."""
        return cls.posted(obj=picture, data={"before": before})
