"""Addresses that are keys are never written into a log of ours: gift links, and feeds of readers' own.

deploy/gunicorn.conf.py and deploy/nginx.conf do the same for the logs of the servers.
"""

import logging
import re

from flask import Flask

KEYS = re.compile(r"((?:[?&;]|^)gift=|/feeds/)[^\s&;#/\"']+")


def masked(text: str) -> str:
    return KEYS.sub(r"\1...", text)


class Masked(logging.Filter):
    """Takes them out of what is said, and out of tracebacks: an error of the database tells what it was asked."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = masked(record.getMessage()), None
        if record.exc_info:
            record.exc_text = masked(logging.Formatter().formatException(record.exc_info))
        return True


def init_app(app: Flask) -> None:
    for name in (app.logger.name, "werkzeug"):  # errors in requests; `flask run`'s lines
        logger = logging.getLogger(name)
        if not any(isinstance(each, Masked) for each in logger.filters):
            logger.addFilter(Masked())
