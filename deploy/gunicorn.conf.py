"""How gunicorn serves the site: `gunicorn --config deploy/gunicorn.conf.py "app:create_app()"`."""

import logging
import re

from gunicorn.glogging import Logger

# Addresses that are keys: who reads a log could open what they open. blueprints/masking.py does the same for the site's
# own log, nginx.conf for nginx's.
KEYS = re.compile(r"((?:[?&;]|^)gift=|/feeds/)[^\s&;#/\"']+")


class Masked(logging.Filter):
    """What gunicorn says of errors, with what led to them."""

    def filter(self, record):
        record.msg, record.args = KEYS.sub(r"\1...", record.getMessage()), None
        if record.exc_info:
            record.exc_text = KEYS.sub(r"\1...", logging.Formatter().formatException(record.exc_info))
        return True


class MaskedLogger(Logger):
    """Logs without what opens a story or a feed, whatever access log format is asked for."""

    def setup(self, cfg):
        super().setup(cfg)
        if not any(isinstance(each, Masked) for each in self.error_log.filters):
            self.error_log.addFilter(Masked())

    def atoms(self, *request):
        said = super().atoms(*request)
        return {name: KEYS.sub(r"\1...", value) if isinstance(value, str) else value for name, value in said.items()}


worker_class = "gthread"
workers = 2
threads = 4  # of eight, more would want to run Python at once than can: cold pages took a third more processor time
control_socket_disable = True  # it would lie in the user's home, shared by every site there
graceful_timeout = 4  # seconds; shorter than the patience of processes.end
loglevel = "error"
logger_class = MaskedLogger
