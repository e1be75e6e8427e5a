"""Packs the editors' bindings into a wheel, where `mux-sidecar editor` finds them: the files that their rows name."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Pack(BuildHookInterface):
    """Adds `editors/NAME/…` to the wheel; an editable installation reads them where they are."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it builds (hatch.pypa.io/latest/plugins/build-hook/reference)."""
        if version == "editable":
            return
        root = Path(self.root)
        for row in sorted(root.glob("sidecar/editors/rows/*.toml")):
            source = root / "editors" / row.stem
            for stated in tomllib.loads(row.read_text("utf-8"))["files"]:
                for path in (path for glob in stated["from"] for path in source.glob(glob) if path.is_file()):
                    packed = f"sidecar/editors/files/{row.stem}/{path.relative_to(source).as_posix()}"
                    build_data["force_include"][str(path)] = packed
