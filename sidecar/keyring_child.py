"""Asks the system's keyring, in a process of its own: a locked one may block for ever, and this one can be killed.

Run by its path (`python -P keyring_child.py`), so that nothing in the working folder is imported in the library's
place. Standard input is one JSON object `{"do": "get"|"set"|"delete"|"probe", "service", "user", "secret"}`, standard
output another: `{"secret": string or null}` for `get`, `{"backend": name}` for the others, `{"error": sentence}` where
it failed.
"""

from __future__ import annotations

import json
import sys
from typing import Any


class _NoKeyring(Exception):
    """There is none that keeps a secret."""


def main() -> None:
    """Answers the one question on standard input."""
    question = json.load(sys.stdin)
    try:
        answer = _answer(question)
    except _NoKeyring as error:  # whatever else a backend raises ends this process, which says enough
        answer = {"error": str(error)}
    json.dump(answer, sys.stdout)


def _answer(question: dict[str, Any]) -> dict[str, Any]:
    backend = _backend()
    service, user = question["service"], question["user"]
    if question["do"] == "get":
        return {"secret": backend.get_password(service, user)}
    if question["do"] == "delete":
        backend.delete_password(service, user)
    if question["do"] == "set":
        backend.set_password(service, user, question["secret"])
        if backend.get_password(service, user) != question["secret"]:
            raise _NoKeyring("it did not keep the key")
    return {"backend": str(getattr(backend, "name", type(backend).__name__))}


def _backend() -> Any:
    """The keyring to use: one of the system's, not one that writes plain text (whose priority is below 1)."""
    import keyring  # noqa: PLC0415 - what this process is for; its failure is an answer

    chosen = keyring.get_keyring()
    for backend in getattr(chosen, "backends", None) or [chosen]:
        if backend.priority >= 1:
            return backend
    raise _NoKeyring("there is no keyring on this system")


if __name__ == "__main__":
    main()
