"""`make run`: what it opens, what it refuses in one sentence, and that nothing outlives it."""

import ast
import fcntl
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.launched import DEPLOY, Magazine, free_ports, surroundings

ROOT = DEPLOY.parent
sys.path.insert(0, str(DEPLOY))  # as it is for `python3 deploy/launch.py`
from environment import UNFINISHED, is_sound  # noqa: E402
from processes import Refused  # noqa: E402
from settings import plan, read_settings, write_settings  # noqa: E402


def launch(**settings):
    """Run the launcher to its end, for what ends by itself."""
    command = [sys.executable, DEPLOY / "launch.py"]
    return subprocess.run(command, env=surroundings(**settings), capture_output=True, text=True, timeout=60)


def assert_one_sentence(result, *parts):
    assert result.returncode == 2, result.stdout + result.stderr
    assert not result.stderr
    assert result.stdout.count("\n") == 1
    for part in parts:
        assert part in result.stdout


def descendants(pid):
    """Every process below this one, grandchildren too."""
    table = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = [tuple(int(number) for number in line.split()) for line in table.splitlines()]
    found = [child for child, parent in parents if parent == pid]
    return found + [deeper for child in found for deeper in descendants(child)]


def are_gone(pids, seconds=10):
    deadline = time.monotonic() + seconds
    while any(Path("/proc", str(pid)).exists() for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def status(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as reply:
        return reply.status


def webhook_addresses(sandbox_port):
    """Where the sandbox delivers to."""
    address = f"http://127.0.0.1:{sandbox_port}/v1/webhook_endpoints"
    question = urllib.request.Request(address, headers={"Authorization": "Bearer sk_test_any"})
    with urllib.request.urlopen(question, timeout=10) as reply:
        return [endpoint["url"] for endpoint in json.load(reply)["data"]]


needs_proc = pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks at processes as Linux shows them")


@needs_proc
def test_it_opens_twice_keeps_what_it_made_and_leaves_no_process(tmp_path):
    data, ports = tmp_path / "my magazine", free_ports(2)
    settings = data / "settings.env"
    with Magazine(data, *ports) as magazine:
        magazine.wait_until_open()
        assert status(magazine.port, "/readyz") == 200
        assert status(magazine.sandbox_port, "/_sandbox/") == 200
        assert f"http://127.0.0.1:{magazine.port}/desk" in magazine.said
        assert stat.S_IMODE(settings.stat().st_mode) == 0o600
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        first = read_settings(settings)
        assert first["DEMO_PATRON_PASSWORD"] in magazine.said
        assert first["STRIPE_WEBHOOK_SECRETS"].startswith("whsec_")

        rival = launch(DATA=data, PORT=ports[0], SANDBOX_PORT=ports[1])
        assert_one_sentence(rival, "Another make run", str(data))

        pids = descendants(magazine.process.pid)
        assert len(pids) >= 5, "sandbox, worker, gunicorn and its two workers"
        assert magazine.stop(signal.SIGINT, signal.SIGINT) == 0
        assert are_gone(pids, seconds=0.1)
        assert "Traceback" not in magazine.said

    write_settings(settings, {"SITE_NAME": "Ours"})
    with Magazine(data, *ports) as magazine:
        magazine.wait_until_open()
        assert read_settings(settings) == {**first, "SITE_NAME": "Ours"}
        assert webhook_addresses(magazine.sandbox_port) == [f"http://127.0.0.1:{magazine.port}/stripe/webhook"]
        assert first["DEMO_PATRON_PASSWORD"] in magazine.said
        pids = descendants(magazine.process.pid)
        magazine.process.kill()  # no chance to tidy up, and still nothing is left
        assert are_gone(pids)


@needs_proc
def test_when_one_part_dies_the_rest_is_stopped_and_it_is_named(tmp_path):
    old, new = free_ports(2), free_ports(2)
    with Magazine(tmp_path / "data", *old, DEMO="0") as magazine:
        magazine.wait_until_open()
        assert "create-user" in magazine.said
        assert "DEMO_PATRON_PASSWORD" not in read_settings(magazine.data / "settings.env")
        before = read_settings(magazine.data / "settings.env")
        assert magazine.stop(signal.SIGTERM) == 0

    with Magazine(tmp_path / "data", *new, DEMO="0") as magazine:
        magazine.wait_until_open()
        after = read_settings(magazine.data / "settings.env")
        assert after["SITE_URL"] == f"http://127.0.0.1:{new[0]}"
        assert after["STRIPE_API_BASE"] == f"http://127.0.0.1:{new[1]}"
        assert webhook_addresses(new[1]) == [f"http://127.0.0.1:{new[0]}/stripe/webhook"]
        assert after["STRIPE_WEBHOOK_SECRETS"] != before["STRIPE_WEBHOOK_SECRETS"]
        assert after["SECRET_KEY"] == before["SECRET_KEY"]

        pids = descendants(magazine.process.pid)
        os.kill(command_pid(pids, "flask worker"), signal.SIGKILL)
        assert magazine.stop() == 1
        assert "The worker stopped by itself" in magazine.said
        assert str(magazine.data / "logs" / "worker.log") in magazine.said
        assert are_gone(pids, seconds=0.1)


def command_pid(pids, words):
    lines = {pid: Path("/proc", str(pid), "cmdline").read_bytes().decode().replace("\0", " ") for pid in pids}
    return next(pid for pid, line in lines.items() if words in line)


@pytest.mark.parametrize("port", ["abc", "0", "65536", "-1", "５０００"])
def test_a_port_that_is_none_is_refused(tmp_path, port):
    assert_one_sentence(launch(DATA=tmp_path, PORT=port), "PORT is", port)


def test_the_sandbox_cannot_have_the_port_of_the_site(tmp_path):
    assert_one_sentence(launch(DATA=tmp_path, PORT=5000, SANDBOX_PORT=5000), "one each")


@pytest.mark.parametrize("name", ["PORT", "SANDBOX_PORT"])
def test_a_busy_port_is_named_with_the_setting_that_changes_it(tmp_path, name):
    ports = dict(zip(("PORT", "SANDBOX_PORT"), free_ports(), strict=True))
    with socket.create_server(("127.0.0.1", ports[name])):
        assert_one_sentence(launch(DATA=tmp_path, **ports), f"Port {ports[name]} is in use", f"make run {name}=")


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    assert_one_sentence(launch(DATA=tmp_path / "file" / "data"), str(tmp_path / "file" / "data"), "DATA=")


def test_two_launchers_never_share_a_folder(tmp_path):
    with open(tmp_path / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert_one_sentence(launch(DATA=tmp_path), "Another make run", str(tmp_path))


def test_make_hands_its_variables_on(tmp_path):
    command = ["make", "run", "PORT=eighty", f"DATA={tmp_path}/a b", f"PYTHON={sys.executable}"]
    result = subprocess.run(command, cwd=ROOT, env=surroundings(), capture_output=True, text=True, timeout=60)
    assert result.stdout == "PORT is 'eighty'; it has to be a number from 1 to 65535.\n"
    assert (tmp_path / "a b").is_dir()


@pytest.mark.parametrize("script", ["launch.py", "environment.py"])
def test_an_old_python_is_told_so(script):
    ast.parse((DEPLOY / script).read_text(), feature_version=(3, 6))
    pretend = f"import sys, runpy; sys.version_info = (3, 8, 1); sys.path.insert(0, {str(DEPLOY)!r})\n"
    pretend += f"runpy.run_path({str(DEPLOY / script)!r}, run_name='__main__')"
    result = subprocess.run([sys.executable, "-c", pretend], capture_output=True, text=True, timeout=60)
    assert result.returncode == 2
    assert result.stderr.startswith("Masthead needs Python 3.11 or newer; ")
    assert result.stderr.count("\n") == 1


@pytest.fixture
def clone(tmp_path):
    """The launcher in a repository of its own, whose lock names nothing, so that no network is asked."""
    shutil.copytree(DEPLOY, tmp_path / "clone" / "deploy", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "clone" / "requirements.txt").write_text("# nothing\n")
    return tmp_path / "clone"


def environment_command(clone):
    env = surroundings()
    del env["MASTHEAD_VENV"]
    script = clone / "deploy" / "environment.py"
    return {"args": [sys.executable, script, "requirements.txt"], "env": env, "text": True}


def test_a_missing_venv_module_is_answered_with_the_apt_line(clone):
    how = environment_command(clone)
    pretend = f"import sys, runpy; sys.modules['ensurepip'] = None; sys.path.insert(0, {str(clone / 'deploy')!r})"
    pretend += "\nrunpy.run_module('environment', run_name='__main__')"
    how["args"] = [sys.executable, "-c", pretend, "requirements.txt"]
    result = subprocess.run(**how, capture_output=True, timeout=60)
    assert_one_sentence(result, "sudo apt install python3-venv")
    assert not (clone / ".venv").exists()


def test_an_environment_left_unfinished_is_made_again_and_a_finished_one_is_kept(clone):
    how = environment_command(clone)
    first = subprocess.Popen(**how, stdout=subprocess.PIPE)
    while not (clone / ".venv" / "bin").exists():
        assert first.poll() is None
        time.sleep(0.02)
    first.send_signal(signal.SIGINT)
    assert "Stopped." in first.communicate(timeout=20)[0]
    assert first.returncode == 130

    again = subprocess.run(**how, capture_output=True, timeout=60)
    assert again.returncode == 0, again.stdout
    assert again.stdout.startswith("Making .venv")
    assert subprocess.run(**how, capture_output=True, timeout=60).stdout == "", "nothing left to do"
    assert is_sound(clone / ".venv")
    (clone / ".venv" / UNFINISHED).touch()
    assert not is_sound(clone / ".venv"), "half a package may be in it"
    (clone / ".venv" / UNFINISHED).unlink()

    (clone / "requirements.txt").write_text("no-such-package==1.0 --hash=sha256:" + 64 * "0")
    how["env"] |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": os.devnull}
    failed = subprocess.run(**how, capture_output=True, timeout=60)
    assert failed.returncode == 2
    assert "No matching distribution found for no-such-package" in failed.stdout.splitlines()[-1]
    assert not failed.stderr


def test_a_real_key_never_meets_the_sandbox_of_an_earlier_run():
    kept = {"STRIPE_SECRET_KEY": "sk_test_ours", "STRIPE_API_BASE": "http://127.0.0.1:5001"}
    kept |= {"STRIPE_WEBHOOK_SECRETS": "whsec_ours", "PORT": "5000", "SANDBOX_PORT": "5001"}
    ours = plan({}, kept)
    assert ours.sandbox
    assert ours.passed["STRIPE_SECRET_KEY"] == "sk_test_ours"
    real = plan({"STRIPE_SECRET_KEY": "sk_test_real"}, kept)
    assert not real.sandbox
    assert real.passed["STRIPE_SECRET_KEY"] == "sk_test_real"
    assert real.passed["STRIPE_API_BASE"] == real.passed["STRIPE_WEBHOOK_SECRETS"] == ""
    assert not {"STRIPE_SECRET_KEY", "STRIPE_API_BASE"} & set(real.kept)


def test_a_real_key_written_into_the_settings_by_hand_is_respected():
    assert not plan({}, {"STRIPE_SECRET_KEY": "sk_test_real", "STRIPE_API_BASE": ""}).sandbox


@pytest.mark.parametrize(
    ("settings", "loaded"),
    [
        ({}, True),
        ({"DEMO": ""}, True),
        ({"DEMO": "0"}, False),
        ({"STRIPE_SECRET_KEY": "sk_live_x"}, False),
        ({"SITE_URL": "https://upstairs.example"}, False),
    ],
)
def test_the_demo_is_for_a_magazine_that_nobody_else_can_see(settings, loaded):
    assert plan(settings, {}).demo is loaded


def test_addresses_follow_the_ports_of_this_run_and_hand_written_ones_stay():
    kept = plan({"PORT": "7000", "SANDBOX_PORT": "9000"}, {}).kept
    assert plan({}, kept)[:2] == (7000, 9000)
    moved = plan({"PORT": "7100", "SANDBOX_PORT": ""}, kept)
    assert moved[:2] == (7100, 7101)
    assert moved.passed["SITE_URL"] == "http://127.0.0.1:7100"
    assert moved.passed["STRIPE_API_BASE"] == "http://127.0.0.1:7101"
    assert moved.passed["SECRET_KEY"] == kept["SECRET_KEY"]
    assert plan({"PORT": "7100"}, {**kept, "SITE_URL": "http://localhost:8"}).passed["SITE_URL"] == "http://localhost:8"


def test_site_and_sandbox_need_a_port_each():
    with pytest.raises(Refused, match="one each"):
        plan({"PORT": "5000", "SANDBOX_PORT": "5000"}, {})


def test_settings_written_by_hand_survive(tmp_path):
    file = tmp_path / "settings.env"
    file.write_text("# mine\nSITE_NAME = Under the roof\n\nPORT=1\nOLD=2\n")
    write_settings(file, {"PORT": "5000", "NEW": "a=b", "OLD": None})
    assert file.read_text() == "# mine\nSITE_NAME = Under the roof\n\nPORT=5000\nNEW=a=b\n"
    assert read_settings(file) == {"SITE_NAME": "Under the roof", "PORT": "5000", "NEW": "a=b"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
