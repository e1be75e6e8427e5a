"""The system's keyring (Keychain, Credential Manager, Secret Service), asked by a process that can be killed."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path
from typing import Literal

import msgspec

from sidecar import systems

SERVICE = "mux-sidecar"
# A locked Secret Service prompts, or blocks for ever where nobody can answer the prompt.
KEYRING_SECONDS = 5.0

_CHILD = Path(__file__).with_name("keyring_child.py")


class KeyringError(Exception):
    """The keyring is not there, is locked, refused, or did not answer; `str()` says which, without the secret."""


class Question(msgspec.Struct, frozen=True):
    """What the child is asked; the secret goes through a pipe, never through arguments or the environment."""

    do: Literal["get", "set", "delete", "probe"]
    user: str
    secret: str | None = None
    service: str = SERVICE


class Answer(msgspec.Struct, frozen=True):
    """What the child says."""

    secret: str | None = None
    backend: str | None = None
    error: str | None = None


def ask(question: Question, timeout: float = KEYRING_SECONDS) -> Answer:
    """The keyring's answer; blocks for `timeout` seconds at the most.

    Raises:
        KeyringError: none came, or it says what failed.
    """
    if not sys.executable:
        raise KeyringError("this Python cannot start another one")
    try:
        answer = _run(msgspec.json.encode(question), timeout)
    except OSError as error:
        raise KeyringError(f"the process that asks it could not be started ({error.strerror})") from error
    except subprocess.TimeoutExpired:
        raise KeyringError(f"it did not answer within {timeout:g} s") from None
    if answer.error:
        raise KeyringError(answer.error)
    return answer


def _run(question: bytes, timeout: float) -> Answer:
    process = subprocess.Popen(  # noqa: S603 - our own file, no shell, nothing of the user's in the arguments
        [sys.executable, "-P", str(_CHILD)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        **systems.this().child,
    )
    try:
        output, _ = process.communicate(question, timeout)
        return msgspec.json.decode(output, type=Answer)
    except msgspec.MsgspecError:
        raise KeyringError("the process that asks it failed") from None
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kills it and what it started, and never waits for a pipe that a grandchild may hold open."""
    with contextlib.suppress(OSError):
        systems.this().end(process)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(1.0)
