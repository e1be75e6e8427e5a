"""A Neovim as its user starts it, asked and told things over its own RPC."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from waiting import PATIENCE, until

_REQUEST = 0


class Neovim:
    """One running Neovim; `lua` runs code in it and gives what it returns."""

    def __init__(self, program: str, env: dict[str, str], folder: Path, *arguments: str) -> None:
        self._socket = folder / f"nvim{id(self)}.sock"
        self.process = subprocess.Popen(
            [program, "--headless", "--listen", str(self._socket), *arguments],
            env=env,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._connection = socket.socket(socket.AF_UNIX)
        until(self._listens)
        self._connection.settimeout(PATIENCE)
        self._number = 0

    def _listens(self) -> bool:
        assert self.process.poll() is None, self._said()
        return self._connection.connect_ex(str(self._socket)) == 0

    def lua(self, code: str, *arguments: Any) -> Any:
        """What the code returns; `...` in it are the arguments."""
        return self._call("nvim_exec_lua", code, arguments)

    def command(self, line: str) -> str:
        """What an Ex command prints."""
        return self._call("nvim_exec2", line, {"output": True})["output"]

    def until(self, code: str, *arguments: Any, fits: Callable[[Any], object] = bool) -> Any:
        """What an expression gives once that fits."""
        return until(
            lambda: self.lua(f"return {code}", *arguments), fits, lambda: f"{code}; {self.command('messages')}"
        )

    def leave(self) -> str:
        """Quit it; what it has printed on its terminal."""
        with contextlib.suppress(ConnectionError, EOFError):
            self._call("nvim_command", "qall!")
        self.process.wait(PATIENCE)
        return self._said()

    def close(self) -> None:
        """End it whatever it does; the sidecar ends by itself when its input does."""
        self._connection.close()
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _said(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.read().decode()

    def _call(self, method: str, *arguments: Any) -> Any:
        self._number += 1
        self._connection.sendall(msgspec.msgpack.encode([_REQUEST, self._number, method, arguments]))
        data = b""
        while True:
            piece = self._connection.recv(1 << 16)
            if not piece:
                raise EOFError(method)
            data += piece
            try:
                _, number, error, result = msgspec.msgpack.decode(data)
            except msgspec.DecodeError:  # not all of it yet
                continue
            assert number == self._number
            assert error is None, error
            return result


def find(name: str) -> str | None:
    """An editor's program: of the folder `MUX_SIDECAR_EDITORS`, else of the PATH."""
    folder = os.environ.get("MUX_SIDECAR_EDITORS", "/opt/editors")
    return shutil.which(name, path=f"{folder}/bin") or shutil.which(name)
