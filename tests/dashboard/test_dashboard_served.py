"""The files of the dashboard as they are served."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sidecar
from sidecar.dashboard import ASSETS

STATIC = Path(sidecar.__file__).parent / "dashboard/static"
OWN = sorted(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file())


def ask(stage, path, **headers):
    """GET a path of the endpoint as it is."""
    lines = [f"GET {path} HTTP/1.1", f"Host: localhost:{stage.mux.port}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head, _, body = stage.mux.raw("\r\n".join([*lines, "", ""]).encode()).partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    return int(first.split()[1]), {line.partition(": ")[0].lower(): line.partition(": ")[2] for line in rest}, body


def test_the_table_lists_what_there_is():
    """Every file of the page is served, but for the licences and the page itself, which is `/`."""
    assert set(OWN) - {"index.html", "vendor/LICENSES.txt"} == ASSETS


@pytest.mark.parametrize("name", ["index.html", *sorted(ASSETS)])
def test_a_file(stage, name):
    """A file comes with its type and a strict policy, and a browser that has it gets no body again."""
    path = "/" if name == "index.html" else f"/dashboard/{name}"
    status, headers, body = ask(stage, path)
    assert status == 200
    assert body == (STATIC / name).read_bytes()
    kinds = {"html": "text/html", "js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
    assert headers["content-type"].startswith(kinds[name.rpartition(".")[2]])
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in headers["content-security-policy"]
    again, _, nothing = ask(stage, path, If_None_Match=headers["etag"])
    assert (again, nothing) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/dashboard",
        "/dashboard/",
        "/dashboard/__init__.py",
        "/dashboard/../__init__.py",
        "/dashboard/static/app.js",
        "/dashboard/vendor/../../__init__.py",
        "/dashboard/%2e%2e/__init__.py",
        "/dashboard/..%2f__init__.py",
        "/dashboard/..%5c__init__.py",
        "/dashboard//etc/passwd",
        "/dashboard/vendor",
        "/dashboard/vendor/LICENSES.txt",
        "/dashboard/app.js%00",
    ],
)
def test_nothing_else_is_served(stage, path):
    """A name that is not in the table is a 404, however it is spelled."""
    assert ask(stage, path)[0] == 404


@pytest.mark.parametrize("name", [name for name in OWN if not name.startswith("vendor/")])
def test_a_file_is_short_and_harmless(name):
    """An own file has at most 300 lines, asks no other host, and never makes elements of text."""
    text = (STATIC / name).read_text("utf-8")
    assert len(text.splitlines()) <= 300
    assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text)
    assert not re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)
