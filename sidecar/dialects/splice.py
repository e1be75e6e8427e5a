"""Change top-level members of a JSON object in its own bytes, so that all else stays as the client wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

Fields = Mapping[str, msgspec.Raw]
Member = tuple[str, int, int]  # its name, and where its value begins and ends in the body

_BRACKETS = re.compile(rb'["\[\]{}]')
_SPACE, _CLOSE = b" }"
_BEHIND_VALUE = b",}"
_SCALAR_END = re.compile(rb"[,}\s]")


def splice(body: bytes, fields: Fields, edits: Mapping[str, bytes | None]) -> bytes:
    """`body` with each member of `edits` replaced wherever it stands, or added at the end. All other bytes stay.

    `fields` is what `msgspec.json.decode(body, type=dict[str, msgspec.Raw])` gave for this body, or for one that
    differs from it in no length. A body that is to lose a member (None) is encoded anew.
    """
    if None in edits.values():
        return _encode({**fields, **edits})
    found = _known_places(body, fields)
    if found is None:
        found = list(_scanned_places(body))
    pieces: list[bytes] = []
    at = 0
    missing = dict(edits)
    for name, start, end in found:
        if name in edits:
            pieces += (body[at:start], edits[name] or b"null")
            at = end
            missing.pop(name, None)
    pieces.append(body[at:])
    return _added(b"".join(pieces), {name: value for name, value in missing.items() if value})


def _added(body: bytes, members: Mapping[str, bytes]) -> bytes:
    """`body` with new members at its end."""
    if not members:
        return body
    end = body.rindex(b"}")
    empty = body[:end].rstrip().endswith(b"{")
    new = b",".join(b"%b:%b" % (msgspec.json.encode(name), value) for name, value in members.items())
    return body[:end] + (b"" if empty else b",") + new + body[end:]


def _known_places(body: bytes, fields: Fields) -> list[Member] | None:
    """The members' places by the lengths of their raw values, without parsing again; None where they do not fit.

    They do not when a name stands twice: the decoder keeps the last value in the first one's place.
    """
    found: list[Member] = []
    at = body.index(b"{") + 1
    for name, raw in fields.items():
        start = _value_start(body, at, name)
        if start is None:
            return None
        end = start + len(raw)
        at = end if body[end] in _BEHIND_VALUE else _skip(body, end)
        if body[at] not in _BEHIND_VALUE:
            return None
        found.append((name, start, end))
        at += 1
    return found if not fields or body[at - 1] == _CLOSE else None


def _value_start(body: bytes, at: int, name: str) -> int | None:
    """Where the value begins of the member that stands here; None if its name is another."""
    key = b'"%b":' % name.encode()
    if body.startswith(key, at):  # as most clients write it
        start = at + len(key)
        return start if body[start] > _SPACE else _skip(body, start)
    start = _skip(body, at)
    key_end = _string_end(body, start)
    if key_end < 0 or msgspec.json.decode(body[start:key_end]) != name:
        return None
    return _skip(body, _skip(body, key_end) + 1)


def _scanned_places(body: bytes) -> Iterator[Member]:
    """The members' places found by scanning the body, which must be valid JSON."""
    at = _skip(body, body.index(b"{") + 1)
    while body[at : at + 1] == b'"':
        key_end = _string_end(body, at)
        name = msgspec.json.decode(body[at:key_end])
        start = _skip(body, _skip(body, key_end) + 1)
        end = _value_end(body, start)
        yield name, start, end
        at = _skip(body, _skip(body, end) + 1)


def _value_end(body: bytes, start: int) -> int:
    """The place behind the value that starts here."""
    first = body[start : start + 1]
    if first == b'"':
        return _string_end(body, start)
    if first not in (b"{", b"["):
        found = _SCALAR_END.search(body, start)
        return found.start() if found else len(body)
    depth, at = 0, start
    while found := _BRACKETS.search(body, at):
        at = found.end()
        if found.group() == b'"':
            at = _string_end(body, found.start())
        else:
            depth += 1 if found.group() in b"[{" else -1
            if depth == 0:
                break
    return at


def _skip(body: bytes, at: int) -> int:
    """The next place that is no white space."""
    while body[at : at + 1] in (b" ", b"\t", b"\n", b"\r"):
        at += 1
    return at


def _string_end(body: bytes, start: int) -> int:
    """The place behind the string that starts at `start`; -1 if none does."""
    if body[start : start + 1] != b'"':
        return -1
    at = start + 1
    while True:
        quote = body.find(b'"', at)
        if quote < 0:
            return -1
        backslashes = quote - len(body[at:quote].rstrip(b"\\")) - at
        if backslashes % 2 == 0:
            return quote + 1
        at = quote + 1


def _encode(members: Mapping[str, bytes | msgspec.Raw | None]) -> bytes:
    """The members as a new object."""
    kept = (
        b"%b:%b" % (msgspec.json.encode(name), bytes(value)) for name, value in members.items() if value is not None
    )
    return b"{" + b",".join(kept) + b"}"
