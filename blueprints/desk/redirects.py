"""Old addresses, and where they lead."""

from typing import Any
from urllib.parse import urlsplit

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect
from wtforms import Field

from blueprints.desk.area import bp
from blueprints.desk.forms import RedirectForm
from blueprints.login import safe_next
from models import Article, Author, Category, Offer, Page, Redirect, Series, Tag, begin_write, db
from models.redirect import tidy, without_query

A_PAGE = 50
# What stands behind an address with a name in it; the other addresses of ours answer by themselves.
NAMED: dict[str, Any] = {
    "magazine.article": Article,
    "magazine.author": Author,
    "magazine.category": Category,
    "magazine.series": Series,
    "magazine.standing_page": Page,
    "magazine.tag": Tag,
    "offers.show": Offer,
}


@bp.route("/redirects", methods=["GET", "POST"])
def redirects() -> ResponseReturnValue:
    """The list, and the form that adds to it."""
    form = RedirectForm.posted()
    if form.submitted() and (step := judged(form)):
        begin_write()
        Redirect.keep(*step)
        db.session.commit()
        flash(f"{step[0]} now leads to {step[1]}.", "good")
        return redirect(url_for("desk.redirects"), code=303)
    number = request.args.get("page", 1, type=int)
    shelf = db.paginate(Redirect.newest_first(), page=number, per_page=A_PAGE, max_per_page=A_PAGE)
    return render_template("desk/redirects.html", form=form, shelf=shelf)


@bp.post("/redirects/<int:redirect_id>/delete")
def delete_redirect(redirect_id: int) -> ResponseReturnValue:
    row = db.session.get(Redirect, redirect_id) or abort(404)
    begin_write()
    path = row.path
    db.session.delete(row)
    db.session.commit()
    flash(f"{path} no longer leads anywhere.", "good")
    return redirect(url_for("desk.redirects"), code=303)


def judged(form: RedirectForm) -> tuple[str, str] | None:
    """Old and new address as they are kept; None when one is refused, which stands beside its field."""
    old, new = ours(form, form.path), ours(form, form.target)
    if old is None or new is None:
        return None
    if known := Redirect.by_path(old):
        form.refuse("path", f"This address leads to {known.target} already. Delete that first.")
    elif old == "/" or (without_query(old) != "/" and answers(old)):
        form.refuse("path", "There is a page at this address. Only an address that nothing answers can lead elsewhere.")
    elif old in {new, without_query(new)}:
        form.refuse("target", "The old and the new address are the same. Write where it should lead.")
    elif onward := Redirect.by_path(new):
        form.refuse("target", f"Nothing stands at this address; it leads to {onward.target}. Write that one.")
    elif not answers(new):
        form.refuse("target", "There is no page at this address. Write one that answers.")
    else:
        return old, new
    return None


def ours(form: RedirectForm, field: Field) -> str | None:
    """The address as a path of this site, tidy; what is none of ours is refused beside its field."""
    typed, site = field.data, urlsplit(current_app.config["SITE_URL"])
    try:
        parts = urlsplit(typed)
    except ValueError:
        parts = urlsplit("//nowhere")
    if parts.scheme or parts.netloc:
        if (parts.scheme, parts.netloc) != (site.scheme, site.netloc):
            form.refuse(field.name, "This is another site’s address. Write one of ours, beginning with /.")
            return None
        typed = parts._replace(scheme="", netloc="").geturl() or "/"
    if not typed.startswith("/"):
        form.refuse(field.name, "An address of ours begins with /. Write it as /2018/12/a-story.")
        return None
    path = tidy(typed)
    if safe_next(path) != path or any(letter.isspace() for letter in path):
        form.refuse(field.name, "This is no address. Write it as it stands in the browser, beginning with /.")
        return None
    return path


def answers(address: str) -> bool:
    """Whether something of ours stands at this address, or waits there as a draft."""
    try:
        endpoint, names = current_app.url_map.bind("").match(without_query(address))
    except RequestRedirect:
        return True
    except (NotFound, MethodNotAllowed):
        return False
    table = NAMED.get(endpoint)
    return table is None or table.by_slug(names["slug"]) is not None
