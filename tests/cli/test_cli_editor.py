"""`editor`: the bindings' files, written where editors look for them, from the source and from a wheel."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mux import Mux
from neovim import find

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "editors"
NAMES = sorted(path.stem for path in (ROOT / "sidecar/editors/rows").glob("*.toml"))
PACK = "nvim/site/pack/mux-sidecar/start/mux-sidecar"


@pytest.fixture
def person(tmp_path: Path, fresh_mux: Callable[..., Mux]) -> Mux:
    """The command line of somebody whose home folder is empty, but for what a test puts there."""
    home = tmp_path / "person"
    home.mkdir()
    folders = {"APPDATA": "Roaming", "LOCALAPPDATA": "Local"}
    variables = {name: str(home / "AppData" / folder) for name, folder in folders.items()}
    mux = fresh_mux(HOME=str(home), USERPROFILE=str(home), **variables)
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        mux.env.pop(name, None)
    return mux


def home(mux: Mux) -> Path:
    """The home folder."""
    return Path(mux.env["HOME"])


def data(mux: Mux) -> Path:
    """Where Neovim's data is."""
    return Path(mux.env["LOCALAPPDATA"]) if os.name == "nt" else home(mux) / ".local/share"


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def states(editor: dict[str, Any]) -> set[str]:
    """How its files are."""
    return {file["state"] for file in editor["files"]}


def test_each_binding_is_listed(person: Mux) -> None:
    """Each binding of the source is listed, with the versions that it is for, and whether it is there."""
    listed = person.json("editor")
    folders = {path.name for path in SOURCE.iterdir() if path.is_dir() and not path.name.startswith(("_", "."))}
    assert {editor["id"] for editor in listed} == folders
    assert all(editor["name"] and editor["needs"] for editor in listed)
    assert not any("text" in file for editor in listed for file in editor["files"])
    done = person.cli("editor")
    assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == NAMES
    assert "mux-sidecar editor NAME" in done.stderr


def test_neovim_starts_with_it(person: Mux) -> None:
    """Written where Neovim looks, the binding is there when Neovim starts; a second time nothing is to do."""
    done = person.cli("editor", "nvim", "--write")
    folder = data(person).joinpath(*PACK.replace("nvim/", "nvim-data/" if os.name == "nt" else "nvim/").split("/"))
    assert contents(folder) == contents(SOURCE / "nvim")
    assert f"Wrote {len(contents(folder))} files for Neovim" in done.stdout
    assert "vim.o.statusline" in done.stdout
    assert states(person.json("editor", "nvim")) == {"same"}
    assert "Already up to date." in person.cli("editor", "nvim", "--write").stdout
    assert said(person, "nvim", "--headless", "-c", "lua io.stdout:write(vim.fn.exists(':Mux'))", "-c", "qa!") == "2"


def test_emacs_loads_it(person: Mux) -> None:
    """Written where Emacs looks, the binding is loaded by the lines that are told with it."""
    found = person.json("editor", "emacs", "--write")
    assert states(found) == {"written"}
    assert Path(found["files"][0]["path"]).read_bytes() == (SOURCE / "emacs/mux-sidecar.el").read_bytes()
    folder = Path(found["files"][0]["path"]).parents[1]
    lines = found["steps"][0]["lines"].replace("(mux-sidecar-mode 1)", "")
    form = f'(progn (setq user-emacs-directory "{folder.as_posix()}/") {lines} (princ (fboundp \'mux-sidecar-mode)))'
    assert said(person, "emacs", "-Q", "--batch", "--eval", form) == "t"


def said(mux: Mux, name: str, *arguments: str) -> str:
    """What an editor prints."""
    program = find(name)
    if program is None:
        pytest.skip(f"{name} is not here")
    done = subprocess.run(
        [program, *arguments], env=mux.env, capture_output=True, encoding="utf-8", timeout=60, check=True
    )
    return done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="there each editor has one folder")
@pytest.mark.parametrize(("name", "usual", "other"), [("emacs", ".emacs.d", "emacs"), ("vim", ".vim", "vim")])
def test_the_folder_that_is_there(person: Mux, name: str, usual: str, other: str) -> None:
    """Who has a folder below ~/.config gets the binding there: the usual one, once made, would hide it."""

    def place() -> str:
        return person.json("editor", name)["files"][0]["path"]

    assert place().startswith(f"{home(person)}/{usual}/")
    (home(person) / ".config" / other).mkdir(parents=True)
    assert place().startswith(f"{home(person)}/.config/{other}/")
    (home(person) / usual).mkdir()
    assert place().startswith(f"{home(person)}/{usual}/")


@pytest.mark.skipif(sys.platform == "win32", reason="XDG's variables are not for Windows")
def test_folders_of_xdg(person: Mux) -> None:
    """XDG's variables are heeded."""
    person.env |= {"XDG_DATA_HOME": str(home(person) / "data"), "XDG_CONFIG_HOME": str(home(person) / "config")}
    assert person.json("editor", "nvim")["files"][0]["path"].startswith(str(home(person) / "data" / PACK))
    assert person.json("editor", "helix")["files"][0]["path"].startswith(str(home(person) / "config/helix/"))


def test_emacs_has_two_folders(person: Mux) -> None:
    """Where Emacs uses ~/.config/emacs the file goes there, and what is to be added belongs into the same folder."""
    assert person.json("editor", "emacs")["steps"][0]["where"]["linux"] == "~/.emacs.d/init.el"
    (Path(person.env["HOME"]) / ".config/emacs").mkdir(parents=True)
    told = person.json("editor", "emacs")
    assert told["files"][0]["path"].endswith("/.config/emacs/mux-sidecar/mux-sidecar.el")
    assert told["steps"][0]["where"]["linux"] == "~/.config/emacs/init.el"


def test_settings_are_to_be_merged(person: Mux) -> None:
    """Files that users have already are printed whole; one that is there is left alone, and is to be merged."""
    done = person.cli("editor", "helix")
    for path in (SOURCE / "helix").glob("*.toml"):
        assert path.read_text("utf-8") in done.stdout
    file = Path(person.json("editor", "helix")["files"][0]["path"])
    file.parent.mkdir(parents=True)
    file.write_text("theme = 'mine'\n", "utf-8")
    done = person.cli("editor", "helix", "--write")
    assert f"Merge this into them:\n\n{(SOURCE / 'helix' / file.name).read_text('utf-8')}" in done.stdout
    assert contents(file.parent) == contents(SOURCE / "helix") | {file.name: b"theme = 'mine'\n"}
    done = person.cli("editor", "helix", "--write", "--force")  # of a former version; the user's own all the same
    assert "Merge this into them" in done.stdout
    assert file.read_text("utf-8") == "theme = 'mine'\n"


def test_what_was_changed_is_kept(person: Mux, tmp_path: Path) -> None:
    """Where a file has other content nothing is written, and said so; --force replaces it, and says so."""
    to = ("--to", str(tmp_path / "there"))
    person.cli("editor", "nvim", "--write", *to)
    changed, gone = tmp_path / "there/plugin/mux_sidecar.lua", tmp_path / "there/doc/tags"
    changed.write_text("-- mine\n", "utf-8")
    gone.unlink()
    done = person.cli("editor", "nvim", "--write", *to, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{changed}: there already, of another version or changed, so nothing was written" in done.stderr
    assert "--force" in done.stderr
    assert changed.read_text("utf-8") == "-- mine\n"
    assert not gone.exists()
    done = person.cli("editor", "nvim", "--write", "--force", *to)
    assert f"{changed} (written in place of what was there)" in done.stdout
    assert contents(tmp_path / "there") == contents(SOURCE / "nvim")


@pytest.mark.parametrize("name", ["emacs", "nvim", "vim"])
def test_a_folder_that_the_editor_does_not_know(person: Mux, tmp_path: Path, name: str) -> None:
    """What is to be pasted tells it to the editor first; without that the binding would not start by itself."""
    folder = tmp_path / "my files"
    own, moved = person.json("editor", name), person.json("editor", name, "--to", str(folder))
    told, _, rest = moved["steps"][0]["lines"].partition("\n")
    assert folder.as_posix() in told
    assert rest == own["steps"][0]["lines"]
    assert "note" not in moved


def test_an_extension_is_one_file(person: Mux, tmp_path: Path) -> None:
    """VS Code's extension is written as what it installs, and the command to do so names the file that was written."""
    found = person.json("editor", "vscode", "--write", "--to", str(tmp_path / "my folder"))
    (file,) = found["files"]
    assert zipfile.is_zipfile(file["path"])
    assert "text" not in file
    assert found["steps"][0]["lines"] == f'code --install-extension "{tmp_path / "my folder" / "mux-sidecar.vsix"}"'


def test_nothing_is_written_unasked(person: Mux, tmp_path: Path) -> None:
    """Without --write it is told where the files belong, and JSON has what is in them."""
    found = person.json("editor", "Neovim", "--to", str(tmp_path / "there"))
    told = {Path(file["path"]).relative_to(tmp_path / "there").as_posix(): file for file in found["files"]}
    assert {name: file["text"].encode() for name, file in told.items()} == contents(SOURCE / "nvim")
    assert states(found) == {"absent"}
    assert "not there" in person.cli("editor", "nvim").stdout
    assert contents(home(person)) == {}
    assert not (tmp_path / "there").exists()


@pytest.mark.parametrize("name", NAMES)
def test_what_to_paste_is_on_its_page(person: Mux, name: str) -> None:
    """The lines that are told are a block of the editor's page, which the tests of its binding run."""
    page = (ROOT / f"docs/editors/{PAGES.get(name, name)}.md").read_text("utf-8")
    blocks = re.findall(r"^```\w+\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    found = person.json("editor", name)
    for step in found["steps"]:
        lines = step["lines"]
        for path in (Path(file["path"]) for file in found["files"]):
            lines = lines.replace(f'"{path}"', path.name)  # whoever reads the page is in its folder
        assert any(f"{lines}\n" in block for block in blocks)
    assert f"mux-sidecar editor {name}" in page


PAGES = {"nvim": "neovim"}


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        ("nobody", 1, "There is no editor 'nobody'; there are: "),
        ("--write", 2, "need the NAME of an editor"),
        ("nvim --force", 2, "--force goes with --write"),
    ],
)
def test_wrong_use(person: Mux, arguments: str, status: int, says: str) -> None:
    """What cannot be is told, with what can."""
    done = person.cli("editor", *arguments.split(), check=False)
    assert (done.returncode, done.stdout) == (status, "")
    assert says in done.stderr


def test_a_folder_that_cannot_be_written(person: Mux, tmp_path: Path) -> None:
    """A folder that cannot be is told in one line."""
    (tmp_path / "file").touch()
    done = person.cli("editor", "nvim", "--write", "--to", str(tmp_path / "file" / "below"), check=False)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "file" in done.stderr


def test_completion(person: Mux) -> None:
    """A Tab completes the editors."""
    words = {"COMP_WORDS": "mux-sidecar editor n", "COMP_CWORD": "2", "_MUX_SIDECAR_COMPLETE": "bash_complete"}
    assert "plain,nvim" in person.cli(env=words).stdout.splitlines()


def test_a_wheel_has_them(person: Mux, tmp_path: Path) -> None:
    """What is installed from a wheel has the same files, and needs no source."""
    build = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    quiet = ["--quiet", "--no-deps", "--no-index"]
    subprocess.run(
        [*build, "wheel", *quiet, "--no-build-isolation", "-w", str(tmp_path / "dist"), str(ROOT)], check=True
    )
    wheel = next((tmp_path / "dist").glob("*.whl"))
    subprocess.run([*build, "install", *quiet, "--target", str(tmp_path / "installed"), str(wheel)], check=True)
    packed = tmp_path / "installed/sidecar/editors/files"
    (packed / "nvim/extra.lua").touch()  # the source has none
    done = subprocess.run(
        [sys.executable, "-m", "rpc", "editor", "nvim", "--write", "--to", str(tmp_path / "there"), "--json"],
        cwd=tmp_path, env=person.env | {"PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True, encoding="utf-8", check=True,
    )  # fmt: skip
    assert states(json.loads(done.stdout)) == {"written"}
    assert contents(tmp_path / "there") == contents(SOURCE / "nvim") | {"extra.lua": b""}
    names = contents(packed)
    assert {name.split("/")[0] for name in names} == set(NAMES)
    assert not [name for name in names if "node_modules" in name or name.endswith((".ts", ".pyc"))]
    assert contents(tmp_path / "installed/sidecar/clients/rows") == contents(ROOT / "sidecar/clients/rows")
