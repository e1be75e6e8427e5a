"""The parts of a chat message as blocks of an Anthropic message: text, images, documents."""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import unquote_to_bytes

from sidecar.errors import BadRequest
from sidecar.translate.checks import a_text, an_object, invalid, unsupported
from sidecar.translate.shape import JSON

#: What Anthropic accepts in `source.media_type` of an image (Messages API, Base64ImageSource).
IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")

#: Spellings that clients use for one of them.
ALIASES = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "image/x-png": "image/png"}

#: Blocks of Anthropic's own that a client may put into a chat message as an extension.
NATIVE_BLOCKS = ("image", "document", "search_result", "container_upload", "tool_reference")


def blocks_of(content: Any, where: str) -> list[JSON]:
    """The blocks of a message's content, without empty texts (Anthropic answers 400 to those).

    Raises:
        BadRequest: a part is malformed, or of a kind that Anthropic has no place for.
    """
    if content is None:
        return []
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content.strip() else []
    if not isinstance(content, list):
        raise invalid(where, "a string or an array of parts")
    blocks = (_block(part, f"{where}[{index}]") for index, part in enumerate(content))
    return [block for block in blocks if block is not None]


def text_of(content: Any) -> str:
    """All text of a content that `blocks_of` has accepted, joined without anything between."""
    if isinstance(content, str):
        return content
    return "".join(part.get("text") or part.get("refusal") or "" for part in content or () if isinstance(part, dict))


def with_cache_control(block: JSON, source: JSON) -> JSON:
    """The block with the `cache_control` that the client put on its part, if it did."""
    mark = source.get("cache_control")
    return {**block, "cache_control": mark} if isinstance(mark, dict) else block


def _block(given: Any, where: str) -> JSON | None:
    part = {"type": "text", "text": given} if isinstance(given, str) else an_object(given, where)
    kind = part.get("type")
    if kind in ("text", "refusal", "input_text", "output_text"):
        text = a_text(part.get("refusal" if kind == "refusal" else "text"), f"{where}.text")
        return with_cache_control({"type": "text", "text": text}, part) if text.strip() else None
    if kind == "image_url":
        return with_cache_control(_image(part.get("image_url"), f"{where}.image_url"), part)
    if kind == "file":
        return with_cache_control(_document(an_object(part.get("file"), f"{where}.file"), f"{where}.file"), part)
    if kind in NATIVE_BLOCKS:
        return part
    if kind in ("thinking", "redacted_thinking"):
        return part if part.get("signature") or part.get("data") else None
    if kind == "input_audio":
        raise unsupported(where, f"{where} is audio, which this provider does not take; send text.")
    raise unsupported(where, f"{where} is of type {kind!r}, which this provider does not take.")


def _image(image: Any, where: str) -> JSON:
    url = image if isinstance(image, str) else an_object(image, where).get("url")
    url = a_text(url, f"{where}.url")
    if url[:5].lower() == "data:":
        media, data = _data_url(url, where)
        media = ALIASES.get(media, media)
        if media not in IMAGE_TYPES:
            raise unsupported(where, f"{where} is {media or 'untyped'}; send one of {', '.join(IMAGE_TYPES)}.")
        return {"type": "image", "source": {"type": "base64", "media_type": media, "data": data}}
    if url[:8].lower() != "https://":
        raise unsupported(where, f"{where} must be a data: URL or an https: URL.")
    return {"type": "image", "source": {"type": "url", "url": url}}


def _document(file: JSON, where: str) -> JSON:
    data, name = file.get("file_data"), file.get("filename")
    if not isinstance(data, str):
        raise unsupported(where, f"{where} has no file_data; send the file itself as a data: URL.")
    if data[:5].lower() == "data:":
        media, data = _data_url(data, where)
    else:  # OpenAI documents file_data as bare base64 too
        media = "application/pdf"
    block: JSON = {"type": "document", "source": _document_source(media, data, where)}
    return {**block, "title": name} if isinstance(name, str) and name else block


def _document_source(media: str, data: str, where: str) -> JSON:
    if media == "application/pdf":
        return {"type": "base64", "media_type": media, "data": data}
    if media.startswith("text/") or media == "application/json":
        return {"type": "text", "media_type": "text/plain", "data": _decoded(data, where)}
    raise unsupported(where, f"{where} is {media or 'untyped'}; send a PDF or plain text.")


def _decoded(data: str, where: str) -> str:
    try:
        return base64.b64decode(data).decode("utf-8", "replace")
    except binascii.Error:
        raise _not_base64(where) from None


def _data_url(url: str, where: str) -> tuple[str, str]:
    """Media type and base64 text of a data: URL (RFC 2397)."""
    head, comma, data = url[5:].partition(",")
    media, *parameters = [item.strip().lower() for item in head.split(";")]
    if not comma or not data:
        raise _not_base64(where)
    if "base64" not in parameters:
        return media, base64.b64encode(unquote_to_bytes(data)).decode()
    return media, data.strip()


def _not_base64(where: str) -> BadRequest:
    return invalid(where, "a data: URL with base64 data")
