"""Pictures of an old site become pictures of ours, each once; what cannot be had gives its reason.

Nothing here writes a row: pictures wait in `fresh` until the batch's transaction takes them.
"""

import tempfile
from collections import Counter
from pathlib import Path
from urllib.parse import unquote, urlsplit

from blueprints.ops.importing.addresses import PICTURE, OldSite, full_sized, without_scheme
from blueprints.ops.importing.download import NotFetched, Unreachable, fetch
from blueprints.ops.importing.survey import Medium, Survey, Used
from blueprints.ops.importing.uploads import NotRead, Uploads
from models import Picture, db, picture_files
from models.picture_files import MOST_BYTES, NotAPicture

PATIENCE = 3  # times that a server may fail before it is left alone
NOT_LOOKED_FOR = "pictures were not looked for"


class Media:
    """Takes pictures from `uploads`, and from the web where `download` says so. In a dry run it stores nothing."""

    def __init__(
        self,
        survey: Survey,
        site: OldSite,
        folder: Path,
        *,
        uploads: Uploads | None = None,
        download: bool = False,
        allow_private: bool = False,
        dry_run: bool = False,
    ) -> None:
        self.survey, self.site, self.folder, self.dry_run = survey, site, folder, dry_run
        self.uploads, self.download, self.allow_private = uploads, download, allow_private
        self.fresh: list[Picture] = []
        self.redirects: list[tuple[str, str]] = []  # from where pictures stood on the old site
        self.counts: Counter[str] = Counter()
        self.to_fetch = 0  # by a dry run
        self.silent: Counter[str] = Counter()  # servers that failed, and how often in a row

    @property
    def is_wanted(self) -> bool:
        return self.uploads is not None or self.download

    def forget(self) -> None:
        """What waited is stored."""
        self.fresh.clear()
        self.redirects.clear()

    def about(self, address: str, number: str = "") -> Medium | None:
        """What the export says of the medium with this number, or at this address in whatever size."""
        named = self.survey.medium(number) if number else None
        return named or self.survey.medium_at(without_scheme(each) for each in full_sized(address))

    def take(self, address: str, medium: Medium | None = None) -> Used:
        """The picture at an address, in its full size. Asks the database what is here already."""
        addresses = list(dict.fromkeys([*([medium.address] if medium else []), *full_sized(address)]))
        addresses = [each for each in addresses if each]
        if not addresses:
            return Used(reason="it has no address")
        used = self.survey.used(addresses[0])
        if used is None:
            used = self._known(addresses) or self._taken(addresses, medium)
            self.survey.use(addresses[0], used)
        return used

    def _known(self, addresses: list[str]) -> Used | None:
        """Imported by an earlier run."""
        picture = db.session.scalar(db.select(Picture).where(Picture.imported_from.in_(addresses)).limit(1))
        if picture is None:
            return None
        self.counts["already here"] += 1
        return Used(picture.key, picture.size)

    def _taken(self, addresses: list[str], medium: Medium | None) -> Used:
        if not self.is_wanted:
            return Used(reason=NOT_LOOKED_FOR)
        try:
            data = self._bytes(addresses)
            if data is None:  # a dry run fetches nothing
                self.counts["taken"] += 1
                self.to_fetch += 1
                return Used("to-be-fetched", (1, 1))
            picture = self._stored(data, unquote(urlsplit(addresses[0]).path.rpartition("/")[2]))
        except (NotRead, NotFetched) as why:
            return self._missing(str(why))
        except NotAPicture as why:
            sentence = str(why)
            return self._missing(sentence[0].lower() + sentence[1:].rstrip("."))
        _describe(picture, addresses[0], medium)
        if all(each.key != picture.key for each in self.fresh):
            self.fresh.append(picture)
        if local := self.site.local(addresses[0]):
            self.redirects.append((local, f"/media/{picture.key}"))
        self.counts["taken"] += 1
        return Used(picture.key, picture.size)

    def _missing(self, reason: str) -> Used:
        self.counts["missing"] += 1
        return Used(reason=reason)

    def _bytes(self, addresses: list[str]) -> bytes | None:
        """From the uploads, else from the web. None: a dry run would go there."""
        why = "it is not among the uploads"
        if self.uploads is not None:
            name = next((name for each in addresses if (name := self.uploads.find(each))), "")
            if name:
                return self.uploads.read(name, MOST_BYTES)
        if not self.download:
            raise NotFetched(why)
        if self.dry_run:
            return None
        db.session.rollback()  # no transaction stays open while another's server is waited for
        for address in addresses:
            try:
                return self._fetched(address)
            except Unreachable as reason:  # asking it for another size would be in vain
                raise NotFetched(str(reason)) from None
            except NotFetched as reason:
                why = str(reason)
        raise NotFetched(why)

    def _fetched(self, address: str) -> bytes:
        server = urlsplit(address).netloc
        if self.silent[server] >= PATIENCE:
            raise Unreachable(f"{server} did not answer {PATIENCE} times")
        try:
            data = fetch(address, largest=MOST_BYTES, takes=_may_be_picture, allow_private=self.allow_private)
        except Unreachable:
            self.silent[server] += 1
            raise
        self.silent[server] = 0
        return data

    def _stored(self, data: bytes, name: str) -> Picture:
        if not self.dry_run:
            return picture_files.store(self.folder, data, name)
        with tempfile.TemporaryDirectory() as folder:
            return picture_files.store(Path(folder), data, name)


def _describe(picture: Picture, address: str, medium: Medium | None) -> None:
    picture.imported_from = picture.source_url = address
    if medium:
        picture.alt, picture.caption, picture.credit = medium.alt, medium.caption, medium.credit


def _may_be_picture(content_type: str) -> bool:
    return content_type.startswith("image/") or content_type in {"application/octet-stream", "binary/octet-stream"}


def is_picture_address(address: str) -> bool:
    return PICTURE.search(urlsplit(address).path) is not None
