"""Processes for tests in which several sites share a database and nothing else.

Each is forked from one that has imported the site and answered before, as gunicorn's are with --preload. To start them
from nothing takes two seconds each.
"""

import multiprocessing
import os
from multiprocessing.context import ForkServerContext
from pathlib import Path

# `warm` answers once, on SQLite; what PostgreSQL wants besides; what the processes are to do.
KNOWN = ["tests.warm", "psycopg", "sqlalchemy.dialects.postgresql.psycopg"]
KNOWN += ["tests.test_code_race", "tests.test_throttling"]


def processes() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(KNOWN)
    os.environ["PYTHONPATH"] = str(Path(__file__).parent.parent)  # the only path the fork server listens to
    return context
