"""python -m stripe_sandbox --port 5001 --state DIR [--host 127.0.0.1]"""

import argparse
import signal
import sys
import threading
from pathlib import Path

from .app import Sandbox
from .guard import LOOPBACK
from .server import Server


def main() -> int:
    parser = argparse.ArgumentParser(prog="stripe_sandbox", description="A local Stripe. No real money moves.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="the folder that keeps what the sandbox knows")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    asked = parser.parse_args()
    if asked.host not in LOOPBACK:
        print(f"The sandbox serves this machine only; {asked.host} is not a loopback address.", file=sys.stderr)
        return 2
    try:
        app = Sandbox(asked.state)
    except OSError as error:
        print(f"The sandbox cannot keep its state in {asked.state}: {error.strerror}.", file=sys.stderr)
        return 1
    try:
        server = Server((asked.host, asked.port), app)
    except OSError as error:
        app.close()
        print(f"Port {asked.port} cannot be had: {error.strerror}.", file=sys.stderr)
        return 1
    ended = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: ended.set())
    threading.Thread(target=server.serve_forever, args=(0.2,), daemon=True).start()
    host = f"[{asked.host}]" if ":" in asked.host else asked.host
    print(f"Stripe sandbox on http://{host}:{server.server_port}/", flush=True)
    ended.wait()
    server.shutdown()
    server.server_close()
    app.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
