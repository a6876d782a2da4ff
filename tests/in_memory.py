"""Tests write some thousand databases and never read one of them twice: memory is the place for that."""

import os
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ENOUGH = 2 * 2**30  # bytes; what is there at one time takes a tenth of it


def keep_files_in_memory() -> None:
    """Where the machine has such a folder with enough room, and somebody does not want it elsewhere (TMPDIR).

    What tests start inherits it, pytest's other processes too. A folder from which nothing may be run will not do.
    """
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return
    found = os.statvfs(MEMORY)
    if found.f_bavail * found.f_frsize >= ENOUGH and not found.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # asked for before
