"""What operating systems do each in their own way, in one place: `this()` is the one that this process runs on."""

from __future__ import annotations

import importlib
import sys
from functools import cache
from typing import TYPE_CHECKING, cast

from sidecar.errors import InvalidParameter
from sidecar.settings import variable

if TYPE_CHECKING:
    from sidecar.systems.system import System

_NAMES = {"linux": "Linux", "macos": "MacOS", "windows": "Windows"}
_PLATFORMS = {"win32": "windows", "darwin": "macos"}


def this() -> System:
    """The system, or the one that MUX_SIDECAR_SYSTEM names, for tests of what is different there.

    Raises:
        InvalidParameter: the variable names none.
    """
    return _made(variable("MUX_SIDECAR_SYSTEM") or _PLATFORMS.get(sys.platform, "linux"))


@cache
def _made(name: str) -> System:
    if name not in _NAMES:
        raise InvalidParameter("system", f"MUX_SIDECAR_SYSTEM is {name!r}; use one of {', '.join(_NAMES)}.")
    # By name: what one system's module imports, another does not have.
    module = importlib.import_module(f"sidecar.systems.{'windows' if name == 'windows' else 'posix'}")
    return cast("System", getattr(module, _NAMES[name])())
