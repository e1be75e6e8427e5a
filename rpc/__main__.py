"""The entry point `mux-sidecar`, also as `python -m rpc`."""

from __future__ import annotations

import sys

from rpc.cli.main import run


def main() -> None:
    """Run the command line that the process was started with, and exit with its status."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
