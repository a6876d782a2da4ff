"""What happens to old addresses when something moves at the desk."""

from models import Redirect


def settle(old: str, new: str, *, known: bool) -> None:
    """Something answers at the path `new` from now on; where readers knew it as `old` before, they are led there.

    Inside the transaction that moves it.
    """
    Redirect.drop(new)
    if known and old != new:
        Redirect.keep(old, new)
