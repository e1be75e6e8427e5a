"""How an editor launches the sidecar: `--stdio`, with what language clients add to it."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

from sidecar import __version__
from sidecar.errors import MuxError
from sidecar.settings import read_place

if TYPE_CHECKING:
    from collections.abc import Sequence

PARENT = "--clientProcessId"
USAGE = "usage: mux-sidecar --stdio [--clientProcessId=N]"


def run_stdio(arguments: Sequence[str]) -> int:
    """The exit status of `mux-sidecar --stdio …`: 2 for arguments that there are not."""
    gc.disable()  # nothing that is imported now is ever garbage; collecting it takes a tenth of the start
    rest = [argument for argument in arguments if argument != "--stdio"]
    if "--version" in rest:
        sys.stdout.write(f"mux-sidecar, version {__version__}\n")
        return 0
    try:
        parent = _parent(rest)
        place = read_place()
    except ValueError:
        sys.stderr.write(f"{USAGE}\n")
        return 2
    except MuxError as error:
        sys.stderr.write(f"mux-sidecar: {error}\n")
        return 1
    from rpc.process import main  # noqa: PLC0415 - start-up: `--version` does without

    return main(place, parent)


def _parent(arguments: Sequence[str]) -> int | None:
    """The process that `--clientProcessId=N` (or `N` as the next argument) names. Raises ValueError."""
    match [part for argument in arguments for part in argument.split("=", 1)]:
        case []:
            return None
        case [name, number] if name == PARENT:
            return int(number)
    raise ValueError(arguments)
