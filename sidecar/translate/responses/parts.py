"""The contents of items as the contents of chat messages."""

from __future__ import annotations

from typing import Any

from sidecar.translate.checks import a_text, an_object, invalid, unsupported
from sidecar.translate.shape import JSON

_TEXTS = {"input_text": "text", "output_text": "text", "text": "text", "summary_text": "text", "refusal": "refusal"}
_FILE = ("filename", "file_data")


def parts_of(content: Any, where: str) -> list[JSON]:
    """The parts of a message's content or of a tool's output; a string is one text.

    Raises:
        BadRequest: it is malformed, or holds what chat has no place for and the model would miss.
    """
    if content is None:
        return []
    if isinstance(content, str):
        return [_text(content)]
    if not isinstance(content, list):
        raise invalid(where, "a string or an array of parts")
    return [_part(an_object(part, f"{where}[{index}]"), f"{where}[{index}]") for index, part in enumerate(content)]


def told(parts: list[JSON]) -> str | list[JSON]:
    """Parts as a message's content: a string where all are text, since some servers take nothing else."""
    return text_of(parts) if all(part["type"] == "text" for part in parts) else parts


def text_of(parts: list[JSON], between: str = "\n") -> str:
    """The text of parts."""
    return between.join(part["text"] for part in parts if part["type"] == "text")


def _text(text: str) -> JSON:
    return {"type": "text", "text": text}


def _part(part: JSON, where: str) -> JSON:
    kind = part.get("type")
    if isinstance(kind, str) and kind in _TEXTS:
        return _text(a_text(part.get(_TEXTS[kind]), f"{where}.{_TEXTS[kind]}"))
    if kind in ("input_image", "computer_screenshot"):
        return _image(part, where)
    if kind == "input_file":
        return _file(part, where)
    if kind == "input_audio":
        return {"type": "input_audio", "input_audio": an_object(part.get("input_audio"), f"{where}.input_audio")}
    raise unsupported(where, f"{where} is of type {kind!r}, which this provider does not take.")


def _image(part: JSON, where: str) -> JSON:
    url = part.get("image_url")
    if url is None:
        raise _elsewhere(where, "image")
    image: JSON = {"url": a_text(url, f"{where}.image_url")}
    if part.get("detail") in ("low", "high"):
        image["detail"] = part["detail"]
    return {"type": "image_url", "image_url": image}


def _file(part: JSON, where: str) -> JSON:
    if part.get("file_data") is None:
        raise _elsewhere(where, "file")
    return {"type": "file", "file": {name: part[name] for name in _FILE if part.get(name) is not None}}


def _elsewhere(where: str, what: str) -> Exception:
    return unsupported(where, f"{where} names a {what} that this provider cannot read; send the {what} itself.")
