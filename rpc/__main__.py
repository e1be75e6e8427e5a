"""The entry point `mux-sidecar`, also as `python -m rpc`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line that the process was started with, and exit with its status."""
    arguments = sys.argv[1:]
    if "--stdio" in arguments:
        from rpc.launch import run_stdio  # noqa: PLC0415 - start-up: an editor waits, and has no use for click

        sys.exit(run_stdio(arguments))
    from rpc.cli.main import run  # noqa: PLC0415 - start-up: the same the other way round

    sys.exit(run(arguments))


if __name__ == "__main__":
    main()
