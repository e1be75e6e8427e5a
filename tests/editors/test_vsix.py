"""The files of the extension for VS Code: built from what is committed, packed as its own tools do, and told of."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import subprocess
import tomllib
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pytest

from sidecar.editors.vsix import vsix

ROOT = Path(__file__).parent.parent.parent
BINDING = ROOT / "editors/vscode"
PAGE = (ROOT / "docs/editors/vscode.md").read_text("utf-8")
PACKAGE = json.loads((BINDING / "package.json").read_text("utf-8"))
MANIFEST = "extension.vsixmanifest"
CONTENT_TYPES = "[Content_Types].xml"
LARGEST = 300_000


def unpacked(data: bytes) -> dict[str, bytes]:
    """The files in a .vsix."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def facts(manifest: bytes) -> set[tuple[str, tuple[tuple[str, str], ...], str]]:
    """What a manifest says, but for what it says with nothing, and vsce's own word on how the readme is written."""
    found = set()
    for element in ET.fromstring(manifest).iter():
        attributes = tuple(sorted(element.attrib.items()))
        text = (element.text or "").strip()
        if (text or attributes) and element.get("Value") != "" and "Markdown" not in element.get("Id", ""):
            found.add((element.tag, attributes, text))
    return found


def test_the_bundle_is_that_of_the_sources():
    """The committed bundle was built from the committed sources: `npm run build` has been run after the last change."""
    sources = [f"src/{path.name}" for path in sorted((BINDING / "src").iterdir())]
    digest = hashlib.sha256()
    for name in [*sources, "build.mjs", "package-lock.json"]:
        text = (BINDING / name).read_bytes().replace(b"\r\n", b"\n")
        digest.update(name.encode() + b"\0" + text + b"\0")
    first, _, bundle = (BINDING / "dist/extension.js").read_text("utf-8").partition("\n")
    assert first == f"// sources: sha256 {digest.hexdigest()}"
    assert "muxSidecar.switchWorkspace" in bundle or "switchWorkspace" in bundle


def test_it_is_small_and_the_same_each_time():
    """The packed extension has less than 300 KB, and the same files make the same bytes."""
    packed = vsix(BINDING)
    assert len(packed) < LARGEST
    assert packed == vsix(BINDING)


def test_a_wheel_has_what_is_packed(tmp_path):
    """The files that a wheel brings are all that the packing takes."""
    row = tomllib.loads((ROOT / "sidecar/editors/rows/vscode.toml").read_text("utf-8"))
    for path in {path for glob in row["files"][0]["from"] for path in BINDING.glob(glob)}:
        target = tmp_path / path.relative_to(BINDING)
        target.parent.mkdir(exist_ok=True)
        shutil.copy(path, target)
    assert vsix(tmp_path) == vsix(BINDING)


def test_the_lock_names_no_registry():
    """The lock file pins versions and their hashes, and no machine to fetch them from."""
    assert "resolved" not in (BINDING / "package-lock.json").read_text("utf-8")


def test_vsce_packs_the_same(tmp_path):
    """The marketplace's own packer makes the same files of it, and a manifest that says the same; offline."""
    vsce = BINDING / "node_modules/.bin/vsce"
    if not vsce.exists() or shutil.which("node") is None:
        pytest.skip("npm install has not been run in editors/vscode")
    copy = tmp_path / "vscode"
    shutil.copytree(BINDING, copy, ignore=shutil.ignore_patterns("node_modules", "*.vsix"))
    (copy / "node_modules").symlink_to(BINDING / "node_modules")
    command = ["npm", "run", "--silent", "package", "--", "--out", str(tmp_path / "its.vsix")]
    done = subprocess.run(command, cwd=copy, capture_output=True, encoding="utf-8", timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout
    theirs, ours = unpacked((tmp_path / "its.vsix").read_bytes()), unpacked(vsix(BINDING))
    assert set(theirs) == set(ours)
    assert facts(theirs.pop(MANIFEST)) == facts(ours.pop(MANIFEST))
    types = {name: ET.canonicalize(files.pop(CONTENT_TYPES)) for name, files in (("its", theirs), ("our", ours))}
    assert types["its"].strip() == types["our"].strip()
    assert theirs == ours  # the bundle too, which it has built anew


@pytest.mark.parametrize("command", PACKAGE["contributes"]["commands"], ids=lambda each: each["command"])
def test_each_command_is_told(command):
    """A command is in the table of the docs, and there is one of that name."""
    assert f"| *{command['title'].removesuffix('…')}* |" in PAGE
    name = command["command"].removeprefix("muxSidecar.")
    assert re.search(rf"^  {name}[,:]", (BINDING / "src/commands.ts").read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("setting", PACKAGE["contributes"]["configuration"]["properties"])
def test_each_setting_is_told(setting):
    """A setting is in the table of the docs, and a folder that is not trusted cannot set it."""
    assert f"| `{setting}` |" in PAGE
    assert setting in PACKAGE["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"]
