"""Change top-level members of a JSON object in its own bytes, so that all else stays as the client wrote it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

SPACE = b" \t\n\r"
Fields = Mapping[str, msgspec.Raw]


def splice(body: bytes, fields: Fields, edits: Mapping[str, bytes | None]) -> bytes:
    """`body` with each member of `edits` replaced or added; None removes it. All other bytes stay.

    `fields` is what `msgspec.json.decode(body, type=dict[str, msgspec.Raw])` gave for this body. A body that names a
    member twice is encoded anew, since which of the two counts differs between readers; so is one that loses a member.
    """
    places = None if None in edits.values() else _places(body, fields, set(edits))
    if places is None:
        return _encode({**fields, **edits})
    pieces: list[bytes] = []
    at = 0
    for name, (start, end) in places.items():
        pieces += (body[at:start], edits[name] or b"null")
        at = end
    pieces.append(body[at:])
    return _added(b"".join(pieces), {name: value for name, value in edits.items() if value and name not in places})


def _added(body: bytes, members: Mapping[str, bytes]) -> bytes:
    """`body` with new members at its end."""
    if not members:
        return body
    end = body.rindex(b"}")
    empty = body[:end].rstrip(SPACE).endswith(b"{")
    new = b",".join(b"%b:%b" % (msgspec.json.encode(name), value) for name, value in members.items())
    return body[:end] + (b"" if empty else b",") + new + body[end:]


def _places(body: bytes, fields: Fields, wanted: set[str]) -> dict[str, tuple[int, int]] | None:
    """Where the wanted members' values start and end; None if that cannot be told.

    The raw values tell each member's length, so nothing is parsed a second time.
    """
    found: dict[str, tuple[int, int]] = {}
    at = body.index(b"{") + 1
    for name, raw in fields.items():
        start = _skip(body, at)
        key_end = _string_end(body, start)
        if key_end < 0 or msgspec.json.decode(body[start:key_end]) != name:
            return None
        value_start = _skip(body, _skip(body, key_end) + 1)
        value = bytes(raw)
        end = value_start + len(value)
        if body[value_start:end] != value:
            return None
        if name in wanted:
            found[name] = (value_start, end)
        at = _skip(body, end) + 1
    if body[at - 1 : at] != b"}" and fields:
        return None
    return found


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
