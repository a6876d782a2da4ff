"""A browser in plain words, from what it says of itself. Pure: standard library only."""

import re

# The first that fits: most browsers also name those they descend from.
BROWSERS = (
    ("Edge", r"\bEdg(?:e|A|iOS)?/"),
    ("Opera", r"\bOPR/|\bOpera\b"),
    ("Samsung Internet", r"\bSamsungBrowser/"),
    ("WeChat", r"\bMicroMessenger/"),
    ("Firefox", r"\bFirefox/|\bFxiOS/"),
    ("Chrome", r"\bChrome/|\bCriOS/|\bChromium/|\bHeadlessChrome/"),
    ("Safari", r"\bVersion/[\d.]+.*\bSafari/"),
)
SYSTEMS = (
    ("iPhone", r"\biPhone\b"),
    ("iPad", r"\biPad\b"),
    ("Android", r"\bAndroid\b"),
    ("Windows", r"\bWindows\b"),
    ("Chromebook", r"\bCrOS\b"),
    ("Mac", r"\bMacintosh\b|\bMac OS X\b"),
    ("Linux", r"\bLinux\b"),
)


def describe(user_agent: str) -> str:
    """For instance "Firefox on Windows": no version, for that changes each month and says nothing to its reader."""
    browser = _first(BROWSERS, user_agent) or "A browser"
    system = _first(SYSTEMS, user_agent)
    return f"{browser} on {_with_article(system)}" if system else browser


def _first(kinds: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for name, sign in kinds if re.search(sign, text)), "")


def _with_article(system: str) -> str:
    """Devices are counted, systems are not: on an iPhone, on Linux."""
    if system in {"iPhone", "iPad"}:
        return f"an {system}"
    return f"a {system}" if system in {"Mac", "Chromebook"} else system
