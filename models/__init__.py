"""What the magazine knows, and its rules. Knows nothing of the web or of Stripe's library."""

from models.account import Account, Role
from models.article import Article, Author, Byline, Category, Tag
from models.attempts import Attempts
from models.base import begin_write, db, utcnow
from models.code import Code, Redemption
from models.comment import Comment
from models.contribution import Contribution, Correction
from models.crawler import CrawlerClaim, CrawlerNetwork
from models.gift import GiftLink, GiftOpening
from models.glossary import Term
from models.institution import DayReader, Institution, InstitutionDomain, InstitutionRange, Seat
from models.letter import LetterKind, SignInLetter
from models.liveblog import LiveEntry
from models.meter import MeterRead
from models.offer import Edition, Offer
from models.order import Order
from models.outbox import Outbox
from models.page import Page, Publication
from models.passkey import Passkey, SpentChallenge
from models.patronage import Donation
from models.payment import Payment
from models.picture import Picture
from models.private_feed import PrivateFeed
from models.reading import ReadStory, SavedStory
from models.redirect import Redirect
from models.related import RelatedStory
from models.search_index import SearchEntry, SearchWord
from models.search_upkeep import keep_up
from models.second_factor import RecoveryCode, SecondFactor
from models.series import Series
from models.sign_in import SignIn
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
    "Contribution",
    "Correction",
    "CrawlerClaim",
    "CrawlerNetwork",
    "DayReader",
    "Donation",
    "Edition",
    "GiftLink",
    "GiftOpening",
    "Institution",
    "InstitutionDomain",
    "InstitutionRange",
    "LetterKind",
    "LiveEntry",
    "MeterRead",
    "Offer",
    "Order",
    "Outbox",
    "Page",
    "Passkey",
    "Payment",
    "Picture",
    "PrivateFeed",
    "Publication",
    "ReadStory",
    "RecoveryCode",
    "Redemption",
    "Redirect",
    "RelatedStory",
    "Role",
    "SavedStory",
    "SearchEntry",
    "SearchWord",
    "Seat",
    "SecondFactor",
    "Series",
    "SignIn",
    "SignInLetter",
    "SpentChallenge",
    "StripeEvent",
    "Tag",
    "Term",
    "begin_write",
    "db",
    "keep_up",
    "utcnow",
]
