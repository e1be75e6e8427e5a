"""A client's request, read once and no further than routing and relaying need."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from sidecar import surrogates
from sidecar.errors import BadRequest
from sidecar.values import Dialect

MAX_BODY = 64 * 2**20
JSON = dict[str, Any]
NO_HEADERS: Mapping[str, str] = MappingProxyType({})

_FIELDS: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])
_OBJECTS: msgspec.json.Decoder[list[dict[str, msgspec.Raw]]] = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_FLAG: msgspec.json.Decoder[bool | None] = msgspec.json.Decoder(bool | None)

#: What each dialect cannot do without.
REQUIRED: dict[Dialect, str] = {
    "chat": "messages",
    "messages": "messages",
    "completions": "prompt",
    "embeddings": "input",
    "responses": "input",
}


class Incoming(msgspec.Struct, frozen=True):
    """A request's body: its bytes, its members undecoded, and whether a stream is wanted.

    `readable` is the body, or where it holds halves of surrogate pairs, which JSON allows and no decoder takes
    (RFC 8259, section 8.2), the same with U+FFFD in their place, byte for byte as long. `headers` are the client's that
    are the provider's business; `counts` says that the tokens are asked for and not the answer. `messages` are those of
    chat and Messages, each undecoded, unless they are very many.
    """

    dialect: Dialect
    body: bytes
    readable: bytes
    fields: dict[str, msgspec.Raw]
    stream: bool
    headers: Mapping[str, str] = NO_HEADERS
    counts: bool = False
    messages: list[msgspec.Raw] | None = None

    def json(self) -> JSON:
        """The whole body decoded; a new object at each call.

        Raises:
            BadRequest: a value within cannot be read.
        """
        try:
            decoded: JSON = msgspec.json.decode(self.readable)
        except (msgspec.DecodeError, RecursionError, ValueError) as error:
            raise BadRequest(f"The request body is not valid JSON: {error}.") from error
        return decoded


def read(dialect: Dialect, body: bytes, headers: Mapping[str, str] = NO_HEADERS, *, counts: bool = False) -> Incoming:
    """The request that these bytes hold.

    Raises:
        BadRequest: no JSON, no object, not UTF-8, nested too deeply, or the dialect's main member is missing or of
            the wrong type (`param` names it).
    """
    fields, readable = _fields(body)
    name = REQUIRED[dialect]
    if _first(fields, name) in (b"", b"n"):
        raise BadRequest(f"The request has no `{name}`; {dialect} needs it.", param=name)
    messages = None
    if name == "messages":
        messages = _messages(fields[name])
    elif _first(fields, name) not in (b'"', b"["):
        raise BadRequest(f"`{name}` must be a string or an array.", param=name)
    if dialect == "completions" and _first(fields, "suffix") not in (b'"', b"n", b""):
        raise BadRequest("`suffix` must be a string.", param="suffix")
    stream = _flag(fields, "stream") and not counts
    return Incoming(dialect, body, readable, fields, stream, headers, counts, messages)


def made(dialect: Dialect, request: JSON) -> Incoming:
    """A request that a translation made, as if it had come so."""
    body = msgspec.json.encode(request)
    return Incoming(dialect, body, body, _FIELDS.decode(body), request.get("stream") is True)


def decompressed(body: bytes, encoding: str, limit: int = MAX_BODY) -> bytes:
    """The body behind its Content-Encoding (RFC 9110, section 8.4.1).

    Raises:
        BadRequest: 415 for an encoding other than gzip and deflate, 400 for broken data, 413 beyond the limit.
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise BadRequest(
            f"Content-Encoding {encoding[:40]!r} is not supported; send gzip, deflate or none.",
            error_code="unsupported_encoding",
            status=415,
        )
    # RFC 9110 says that deflate is the zlib format; some clients send it bare.
    windows = (31,) if encoding.endswith("gzip") else (15, -15)
    for bits in windows:
        try:
            return _inflate(body, bits, limit)
        except zlib.error:
            continue
    raise BadRequest(f"The request body is not {encoding} data, as its Content-Encoding says.")


def too_large(limit: int = MAX_BODY) -> BadRequest:
    """The refusal of a body beyond the limit."""
    return BadRequest(
        f"The request body is larger than {limit // 2**20} MB.", error_code="request_too_large", status=413
    )


def _inflate(body: bytes, bits: int, limit: int) -> bytes:
    stream = zlib.decompressobj(wbits=bits)
    out = stream.decompress(body, limit + 1)
    if len(out) > limit or stream.unconsumed_tail:
        raise too_large(limit)
    if not stream.eof:
        raise zlib.error("incomplete")
    return out


def _fields(body: bytes) -> tuple[dict[str, msgspec.Raw], bytes]:
    """The members, and the body that they were read from."""
    try:
        if not body.isascii():
            body.decode()
        try:
            fields = _FIELDS.decode(body)
        except msgspec.DecodeError:
            body = surrogates.replaced(body)
            fields = _FIELDS.decode(body)
    except UnicodeDecodeError as error:
        raise BadRequest("The request body is not valid UTF-8.") from error
    except RecursionError as error:
        raise BadRequest("The request body is nested too deeply.") from error
    except msgspec.ValidationError as error:
        raise BadRequest("The request body must be a JSON object.") from error
    except msgspec.DecodeError as error:
        raise BadRequest(f"The request body is not valid JSON: {error}.") from error
    return fields, body


def _first(fields: dict[str, msgspec.Raw], name: str) -> bytes:
    """The first byte of a member's value, which tells its type; empty if there is none."""
    return bytes(memoryview(fields[name])[:1]) if name in fields else b""


class _Message(msgspec.Struct, gc=False):
    """As much of a message as its check needs."""

    role: str
    content: msgspec.Raw = msgspec.Raw(b"null")


_MESSAGES = msgspec.json.Decoder(list[msgspec.Raw])
_SHAPES = msgspec.json.Decoder(list[_Message])
_CONTENT_STARTS = b'"[n'
# How most messages begin, by which they are known to be sound: a history of a thousand is not decoded for that.
# A second `role` or `content` in one of them is the provider's to refuse.
_SOUND = re.compile(rb'\{"role": ?"[a-z]+", ?(?:"tool_call_id": ?"[^"\\]*", ?)?"content": ?["\[n]')
_MOST_KEPT = 10_000  # messages; more are rather decoded again than held for as long as the answer takes


def _messages(raw: msgspec.Raw) -> list[msgspec.Raw] | None:
    """The messages, each undecoded; None where they are too many to be kept."""
    try:
        messages = _MESSAGES.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        messages = []
    if not messages or not (all(map(_SOUND.match, messages)) or _are_sound(raw)):
        _explain_messages(raw)
    return messages if len(messages) <= _MOST_KEPT else None


def _are_sound(raw: msgspec.Raw) -> bool:
    try:
        return all(memoryview(message.content)[0] in _CONTENT_STARTS for message in _SHAPES.decode(raw))
    except (msgspec.DecodeError, RecursionError):
        return False


def _explain_messages(raw: msgspec.Raw) -> None:
    """Say what is wrong with messages that a look in passing found wanting."""
    try:
        messages = _OBJECTS.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadRequest("`messages` must be an array of objects.", param="messages") from error
    if not messages:
        raise BadRequest("`messages` must hold at least one message.", param="messages")
    for place, message in enumerate(messages):
        if _first(message, "role") != b'"':
            raise BadRequest(f"`messages[{place}].role` must be a string.", param=f"messages[{place}].role")
        if _first(message, "content") not in (b'"', b"[", b"n", b""):
            raise BadRequest(
                f"`messages[{place}].content` must be a string, an array or null.", param=f"messages[{place}].content"
            )


def _flag(fields: dict[str, msgspec.Raw], name: str) -> bool:
    if name not in fields:
        return False
    try:
        return bool(_FLAG.decode(fields[name]))
    except msgspec.DecodeError as error:
        raise BadRequest(f"`{name}` must be true or false.", param=name) from error
