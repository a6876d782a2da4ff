"""What the magazine knows, and its rules. Knows nothing of the web or of Stripe's library."""

from models.account import Account, Attempts, LetterKind, Role, SignInLetter
from models.article import Article, Author, Byline, Category, LiveEntry, Tag
from models.base import begin_write, db, utcnow
from models.code import Code, Redemption
from models.comment import Comment
from models.offer import Edition, Offer
from models.order import Order
from models.outbox import Outbox
from models.page import Page, Publication
from models.patronage import Donation
from models.payment import Payment
from models.picture import Picture
from models.stripe_event import StripeEvent

__all__ = [
    "Account",
    "Article",
    "Attempts",
    "Author",
    "Byline",
    "Category",
    "Code",
    "Comment",
    "Donation",
    "Edition",
    "LetterKind",
    "LiveEntry",
    "Offer",
    "Order",
    "Outbox",
    "Page",
    "Payment",
    "Picture",
    "Publication",
    "Redemption",
    "Role",
    "SignInLetter",
    "StripeEvent",
    "Tag",
    "begin_write",
    "db",
    "utcnow",
]
