"""One running mux, and one scripted provider behind every workspace of it."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
from mux import Mux, Reply, Stream
from upstream import Answer, Upstream
from waiting import PATIENCE

KEYS = {"UP_KEY": "sk-up-0123456789abcdef0123456789abcdef", "CLAUDE_KEY": "sk-ant-api03-0123456789abcdefABCDEF"}

CLAUDES = ("claude-sonnet-4-5", "claude-opus-4-6", "claude-opus-4-7")

# workspace (and provider): type, what stands behind the upstream's root, key's variable, model
PLACES: dict[str, tuple[str, str, str | None, str]] = {
    "up": ("openai", "/v1", "UP_KEY", "m1"),
    "claude": ("anthropic", "", "CLAUDE_KEY", "claude-sonnet-4-5"),
    "claude-adaptive": ("anthropic", "", "CLAUDE_KEY", "claude-opus-4-6"),
    "claude-strict": ("anthropic", "", "CLAUDE_KEY", "claude-opus-4-7"),
    "ollama": ("ollama", "", None, "m1"),
    "vllm": ("vllm", "/v1", None, "m1"),
    "llamacpp": ("llamacpp", "", None, "m1"),
    "lm_studio": ("lm_studio", "/v1", None, "m1"),
    "openrouter": ("openrouter", "/api/v1", "UP_KEY", "m1"),
    "nokey": ("openai", "/v1", "NOWHERE_KEY", "m1"),
}


class Stage:
    """One running mux, and one upstream behind all its workspaces (see `PLACES`)."""

    def __init__(self, mux: Mux, upstream: Upstream) -> None:
        self.mux = mux
        self.upstream = upstream
        self._made: set[str] = set()

    def at(self, place: str) -> str:
        """The workspace of that name, made when it is first asked for."""
        if place not in self._made:
            self._make(place)
        return place

    def path(self, place: str, rest: str = "/chat/completions") -> str:
        """The URL path of an endpoint in that workspace."""
        return f"/w/{self.at(place)}{rest}"

    def post(self, place: str, body: Any, *answers: Answer, **headers: str) -> Reply:
        """Script the provider, send one chat request, and read the whole answer."""
        path = self.path(place)
        if answers:
            self.upstream.script(*answers)
        return self.mux.post(path, body, {name.replace("_", "-"): value for name, value in headers.items()})

    def open(self, place: str, body: Any, *answers: Answer) -> Stream:
        """The same, with the answer read while it comes."""
        path = self.path(place)
        self.upstream.script(*answers)
        return self.mux.open("POST", path, body)

    def leave(self, place: str, rest: str, body: Any, answer: Answer, *, seen: bytes) -> float:
        """Leave an answer once that has come of it; the seconds until the provider's connection was closed."""
        path = self.path(place, rest)
        self.upstream.script(answer)
        with self.mux.open("POST", path, body) as got:
            read = b""
            while seen not in read:
                read += got.read()
            left = got.leave()
        request = self.upstream.wait()
        assert request.left.wait(30), "the provider's connection stays open"
        return request.left_at - left

    def options(self, place: str) -> dict[str, Any]:
        """How a vendor's own client is pointed at that workspace."""
        return {
            "base_url": f"{self.mux.url}/w/{self.at(place)}",
            "api_key": "anything",
            "max_retries": 0,
            "timeout": PATIENCE,
        }

    def sent(self) -> Any:
        """The body that the provider got last."""
        return self.upstream.last.json()

    def row(self, reply: Reply | Stream) -> dict[str, Any]:
        """The record of a request (see `Mux.row`)."""
        return self.mux.row(reply)

    def _make(self, place: str) -> None:
        kind, root, key, model = PLACES[place]
        auth = ["--api-key-env", key] if key else []
        offline = ["--offline", "--model", model] if key == "NOWHERE_KEY" else []
        where = ["--type", kind, "--endpoint", self.upstream.url + root]
        self.mux.cli("provider", "add", place, *where, *auth, *offline)
        self.mux.cli("workspace", "add", place)
        self.mux.cli("rule", "default", f"{place}/{model}", "-w", place)
        self._made.add(place)


FAR = "api.openai.com"


def certify(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for the far host, which expires soon, and what serves with it."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("a certificate of a host on the internet is made with openssl")
    cert, key = folder / "cert.pem", folder / "key.pem"
    made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    named = ["-subj", f"/CN={FAR}", "-addext", f"subjectAltName=DNS:{FAR}", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([openssl, *made, *named], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    return cert, context
