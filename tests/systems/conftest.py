"""The product on another system than this one, as far as Linux can be it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

POOR = Path(__file__).parent / "windows"
TOOL = """#!/bin/sh
printf 'icacls' >> "$WINDOWS_NOTES"
printf '\\t%s' "$@" >> "$WINDOWS_NOTES"
echo >> "$WINDOWS_NOTES"
"""


def pytest_collection_modifyitems(items):
    """Leave them out where their stand-ins cannot work."""
    for item in items:
        if Path(__file__).parent in item.path.parents and sys.platform != "linux":
            item.add_marker(pytest.mark.skip(reason="Linux alone stands in for the others"))


@pytest.fixture
def windows_env(tmp_path):
    """The variables that make a Python of ours behave as on Windows."""
    tools = tmp_path / "Windows" / "System32"
    tools.mkdir(parents=True)
    (tools / "icacls.exe").write_text(TOOL, "utf-8")
    (tools / "icacls.exe").chmod(0o755)
    notes = tmp_path / "notes"
    notes.touch()
    (tmp_path / "temp").mkdir()
    return {
        "MUX_SIDECAR_SYSTEM": "windows",
        "PYTHONPATH": os.pathsep.join([str(POOR), str(Path(__file__).parents[2])]),
        "SystemRoot": str(tmp_path / "Windows"),
        "USERDOMAIN": "OFFICE",
        "LOGNAME": "ada",
        "TMPDIR": str(tmp_path / "temp"),
        "WINDOWS_NOTES": str(notes),
    }


@pytest.fixture
def notes(windows_env):
    """What was asked of Windows so far, a tuple each."""

    def read():
        return [tuple(line.split("\t")) for line in Path(windows_env["WINDOWS_NOTES"]).read_text("utf-8").splitlines()]

    return read
