"""Keeping a reply, and telling the desk that one waits."""

import math
from datetime import datetime, timedelta

from flask import current_app

from blueprints.comments.forms import ReplyForm
from blueprints.limits import HOUR, QUARTER, Limit, count, when
from blueprints.security import network
from models import Account, Article, Attempts, Comment, Outbox, Publication, begin_write, db
from models.comment import CommentState

BY_NETWORK = Limit("reply-by-network", 20, QUARTER)
BY_ADDRESS = Limit("reply-by-address", 10, QUARTER)


class Refused(Exception):
    """A rule says no; str() of it is the sentence for the writer."""

    status = 422
    headers: tuple[tuple[str, str], ...] = ()


class TooMany(Refused):
    status = 429

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"Too many replies came from here at once. Send yours again {when(wait)}; it is kept below.")
        self.headers = (("Retry-After", str(math.ceil(wait.total_seconds()))),)


class Gone(Refused):
    def __init__(self) -> None:
        super().__init__("What you answer is no longer here. Send this once more, and it stands by itself.")


def keep(form: ReplyForm, story: Article, who: Account | None, now: datetime) -> Comment:
    """Keep the reply once, however often it is sent, and decide whether it appears. Commits. Raises Refused."""
    reply = Comment(
        article_id=story.id,
        name=form.name.data or (who.name if who else ""),
        email=who.email if who else form.email.data,
        written_at=now,
    )
    reply.write(form.body.data)  # slow: before the transaction
    begin_write()
    try:
        wait = count({BY_NETWORK: network(), BY_ADDRESS: reply.email}, now)
        if wait:
            raise TooMany(wait)
        kept = _keep(reply, form, story, who, now)
    except Refused:
        db.session.commit()  # the try counts
        raise
    db.session.commit()
    return kept


def _keep(reply: Comment, form: ReplyForm, story: Article, who: Account | None, now: datetime) -> Comment:
    asked = form.answers()
    if asked is not None:
        answered = Comment.to_answer(story.id, asked)
        if answered is None:
            raise Gone
        reply.parent_id = answered.first().id
    reply.sign(who, story)
    if twin := reply.twin(now):
        return twin
    if form.homepage.data:
        reply.state = CommentState.SPAM
    else:
        reply.judge(who, story)
    db.session.add(reply)
    if reply.state is CommentState.HELD:
        _tell_the_desk(reply, story, now)
    return reply


def _tell_the_desk(reply: Comment, story: Article, now: datetime) -> None:
    """One letter an hour at most, with the first reply that waits in it."""
    desk = Publication.get().email
    if not desk or Attempts.add("letter-about-replies", now, HOUR) > 1:
        return
    address = current_app.config["SITE_URL"]
    Outbox.post(
        "reply-held", desk, title=story.title, name=reply.name, words=reply.source, link=f"{address}/desk/comments"
    )
