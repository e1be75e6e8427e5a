"""`python probe.py PORT`: asks `/health` each millisecond until told to end, then prints [[when, seconds], …]."""

from __future__ import annotations

import json
import sys
import threading
import time

from client import Client


def main() -> None:
    """Ping until a line comes in."""
    client = Client(int(sys.argv[1]), "")
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), ended.set()), daemon=True).start()
    pings = []
    client.ask("/health")
    while not ended.is_set():
        at = time.monotonic()
        pings.append((at, client.ask("/health")))
        time.sleep(0.001)  # often enough to meet what blocks, without being a load
    print(json.dumps(pings))


if __name__ == "__main__":
    main()
