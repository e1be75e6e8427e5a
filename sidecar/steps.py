"""What to do with a program of the user's so that it works with this one: stated in TOML files, filled for a system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec

from sidecar import systems
from sidecar.values import Value

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

T = TypeVar("T")
System = Literal["linux", "macos", "windows"]
Format = Literal["json", "lisp", "lua", "powershell", "sh", "text", "toml", "vim", "yaml"]

_SETTING: Mapping[str, str] = {"sh": 'export {}="{}"', "powershell": '$env:{} = "{}"'}


class Where(Value, frozen=True, kw_only=True):
    """A file or folder on each system, as its user would type it: `~` and `%APPDATA%` are not resolved."""

    linux: str
    macos: str
    windows: str

    def on(self, system: System) -> str:
        """Where it is on that system."""
        return str(getattr(self, system))


class Step(Value, frozen=True, kw_only=True):
    """One thing to do: `lines`, in their `format`, belong into the file `where`, or into a shell or dialogue."""

    do: str
    format: Format
    lines: str
    where: Where | None = None


class StatedStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A step as a file states it: `lines` of a `format`, or variables for the shell of whatever system it is."""

    do: str
    format: Format = "text"
    lines: str = ""
    environment: dict[str, str] = {}
    where: str | Where | None = None

    def step(self, system: System, places: Mapping[str, str]) -> Step:
        """The step on that system; what stands for a place, such as `@URL@`, becomes what it stands for."""
        format_, lines = self.format, self.lines
        if self.environment:
            format_ = "powershell" if system == "windows" else "sh"
            lines = "\n".join(_SETTING[format_].format(*setting) for setting in self.environment.items())
        for place, value in places.items():
            lines = lines.replace(place, value)
        return Step(
            do=self.do, format=format_, lines=lines.strip("\n"), where=everywhere(self.where) if self.where else None
        )


def stated(folder: Path, kind: type[T]) -> dict[str, T]:
    """The rows of a table that is a folder of TOML files, by their names."""
    import tomllib  # noqa: PLC0415 - 3 ms, which an editor's start does not pay

    return {
        path.stem: msgspec.convert(tomllib.loads(path.read_text("utf-8")), kind)
        for path in sorted(folder.glob("*.toml"))
    }


def this_system() -> System:
    """The system that this process runs on."""
    return systems.this().name


def everywhere(place: str | Where) -> Where:
    """The place on each system: a path alone is below the user's folder, and the same on all."""
    if isinstance(place, Where):
        return place
    return Where(linux=place, macos=place, windows=place.replace("~", "%USERPROFILE%", 1).replace("/", "\\"))
