"""Child processes that never outlive the one that started them, and the ways a start can end."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from io import TextIOWrapper

PATIENCE = 5  # seconds a process has to end by itself before it is killed
PR_SET_PDEATHSIG = 1  # from Linux' <sys/prctl.h>
PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


class Stopped(Exception):
    """Ctrl-C, or another request to end."""


class Refused(Exception):
    """What stands in the way before anything runs, as a sentence for the person at the terminal."""


class Failed(Exception):
    """What broke while running, as a sentence for the person at the terminal."""


def say(line="", end="\n"):
    """Print at once. A terminal that has gone away is no reason to fail."""
    with suppress(OSError):
        print(line, end=end, flush=True)


@contextmanager
def step(title):
    """Show one line for one step: what it is, then how long it took."""
    say(title + " …", end=" ")
    begun = time.monotonic()
    try:
        yield
    except BaseException:
        say()
        raise
    say(f"{time.monotonic() - begun:.1f} s")


def last_line(log):
    """Return the last line of a log that says something, without its colours' control characters."""
    lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    return "".join(c for c in lines[-1] if c.isprintable()) if lines else "it printed nothing"


def die_with_parent():
    """Ask Linux, where this is Linux, to end the new process when the launcher is gone, even by SIGKILL."""
    if PRCTL:
        PRCTL(PR_SET_PDEATHSIG, signal.SIGTERM)


class Children:
    """The processes started here, each the head of a process group of its own.

    Ctrl-C in a terminal therefore reaches the launcher alone. A signal only sets a flag, which every wait
    looks at, so that a process is never lost between its start and the note of it.
    """

    def __init__(self):
        self.running = {}  # name: (process, log); the services, which should never end by themselves
        self.asked_to_stop = False
        self.parent, self.on_terminal = os.getppid(), os.isatty(1)

    def listen(self):
        """Take Ctrl-C, TERM and a closed terminal as a request to stop."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                continue  # started with nohup
            signal.signal(number, self._ask_to_stop)

    def _ask_to_stop(self, _number, _frame):
        self.asked_to_stop = True

    def pause(self, seconds=0.05):
        """Wait a moment. Raises Stopped when asked to end, Failed when a service has died."""
        time.sleep(seconds)
        if self.asked_to_stop or self.is_left_alone():
            raise Stopped
        for name, (process, log) in self.running.items():
            if process.poll() is not None:
                raise Failed(f"The {name} stopped by itself: {last_line(log)} (its log: {log})")

    def is_left_alone(self):
        """Say whether make was killed, or the terminal closed while make kept the news of it to itself."""
        orphaned = "MAKELEVEL" in os.environ and os.getppid() != self.parent
        return orphaned or (self.on_terminal and not os.isatty(1))

    def _open(self, command, log, **options):
        with log.open("wb") as out:
            return subprocess.Popen(  # noqa: S603 - our own commands, no shell
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,
                **options,
            )

    def start(self, name, command, log, **options):
        """Start a service that runs until stop()."""
        self.running[name] = (self._open(command, log, **options), log)

    def run(self, name, command, log, **options):
        """Run one command to its end; `log` then holds what it printed. Raises Failed, or Stopped."""
        process = self._open(command, log, **options)
        try:
            while process.poll() is None:
                self.pause()
        finally:
            end([process])
        if process.returncode:
            raise Failed(f"{name} failed: {last_line(log)} (the whole log: {log})")

    def stop(self):
        """End every service; returns when none is left."""
        end([process for process, _ in self.running.values()])
        self.running.clear()


def end(processes):
    """End these processes and all they started: politely first, by force after PATIENCE."""
    deadline = time.monotonic() + PATIENCE
    left = [process for process in processes if _signal(process, signal.SIGTERM)]
    while left and time.monotonic() < deadline:
        time.sleep(0.02)
        left = [process for process in left if _signal(process, 0)]
    for process in left:
        _signal(process, signal.SIGKILL)
    for process in processes:
        process.wait()


def _signal(process, number):
    """Send a signal to the whole group; False when nobody of it is left."""
    process.poll()  # takes in the head, which would count as there otherwise
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):  # macOS says the second of a group that has ended
        return False
    return True


def finish(task, when_stopped):
    """Do a task with children of its own; returns the exit code. A bad end is one sentence, no traceback."""
    children = Children()
    children.listen()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal may have no sign for euros
    try:
        task(children)
    except Stopped:
        say("Stopped.")
        return when_stopped
    except Refused as refusal:
        say(refusal)
        return 2
    except Failed as failure:
        say(failure)
        return 1
    finally:
        children.stop()
    return 0
