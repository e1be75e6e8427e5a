"""The files that a tool call reads, edits or writes, whatever agent it comes from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from sidecar.routing.diffs import diff_names, patch_names
from sidecar.routing.filetypes import word_set
from sidecar.routing.names import clean, is_known
from sidecar.routing.shell import code_names, command_names

if TYPE_CHECKING:
    from collections.abc import Iterator

# Arguments that name a file. Compared in small letters without `_`, so `file_path` is also `filePath`.
PATH_KEYS = word_set(
    """
    path filepath file filename notebookpath targetfile relativepath absolutepath filetoedit filetoread relpath
    relativeworkspacepath sourcepath destinationpath oldpath newpath source destination uri fileuri pathname
    files paths filepaths filenames fname pathinproject inputpath outputpath documentpath
    """
)
COMMAND_KEYS = word_set("command commands cmd script commandline shellcommand bashcommand")
CODE_KEYS = frozenset({"code"})
PATCH_KEYS = frozenset({"patch", "input", "patchtext", "diff", "patchcontent"})
# Arguments that hold more calls or files as objects.
NESTED_KEYS = word_set("edits files args operation operations changes params arguments requests replacements")

# A tool whose name holds one of these words changes or reads a file, though it may say `find` or `list` as well.
_READS = re.compile(
    r"read|edit|write|replac|patch|insert|view|creat|update|delete|remove|cat\b|open|appl|diff|modif|save"
)
_LISTS = re.compile(r"list|\bls\b|^ls|dir|glob|tree|find|explore|search_?files?$|file_?search|folder|map")
_SEARCHES = re.compile(r"search|grep|rg\b|ripgrep|query|symbol|usages|definition|references")

_DEPTH = 4
_MOST = 64
_BLOCK = re.compile(r"<([a-z][a-z0-9]*(?:_[a-z0-9]+)+|tool name=\"[a-z_]+\"|view|edit|write|read|bash)>")
_CONTENT_TAGS = ("content", "diff", "kodu_content", "kodu_diff", "file_text", "new_str", "old_str")
_PATH_ELEMENT = re.compile(r"<(?:path|file_path|filepath|target_file)>([^<>\n]{1,500})</")
_COMMAND_ELEMENT = re.compile(r"<(?:command|cmd)>([^<]{1,4000})</")
_RUN_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SHELL_OPTIONS = frozenset({"-c", "-lc", "-ic", "-command", "/c"})
_SHELLS = frozenset({"bash", "sh", "shell", "zsh", "console", "powershell", "mswea_bash_command"})


def call_names(tool: str, arguments: object) -> list[str]:
    """The files that a call of `tool` concerns. `arguments` is an object, or one as JSON text; broken JSON has none."""
    if isinstance(arguments, str):
        if arguments.lstrip()[:1] != "{":
            return patch_names(arguments) or (command_names(arguments) if _is_shell(tool) else [])
        try:
            arguments = msgspec.json.decode(arguments)
        except (msgspec.MsgspecError, RecursionError, UnicodeError):
            return []
    if not isinstance(arguments, dict):
        return []
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", tool).lower()
    return list(_from_object(arguments, _trust(name), 0))[:_MOST]


def _is_shell(tool: str) -> bool:
    return any(word in tool.lower() for word in ("shell", "bash", "exec", "command", "terminal"))


def _trust(tool: str) -> str:
    """`any` path that the tool names is a file, `known` ones only, or `none`."""
    if _READS.search(tool):
        return "any"
    if _LISTS.search(tool):
        return "none"
    return "known"


def _from_object(arguments: dict[str, Any], trust: str, depth: int) -> Iterator[str]:
    if depth > _DEPTH:
        return
    for key, value in arguments.items():
        plain = key.lower().replace("_", "").replace("-", "")
        if plain in COMMAND_KEYS:
            yield from _from_command(value, several=plain == "commands")
        elif plain in CODE_KEYS and isinstance(value, str):
            yield from _from_code(value, arguments.get("language"))
        elif plain in PATCH_KEYS and isinstance(value, str):
            yield from _from_patch(value)
        elif plain in PATH_KEYS or plain in NESTED_KEYS:
            yield from _from_value(value, trust, depth, is_path=plain in PATH_KEYS)


def _from_value(value: object, trust: str, depth: int, *, is_path: bool) -> Iterator[str]:
    if isinstance(value, str):
        name = clean(value) if is_path and trust != "none" and len(value) < 1000 else None
        if name and (is_known(name) or (trust == "any" and not name.startswith("http"))):
            yield name
    elif isinstance(value, dict):
        yield from _from_object(value, trust, depth + 1)
    elif isinstance(value, list) and depth <= _DEPTH:
        for item in value[:_MOST]:
            yield from _from_value(item, trust, depth + 1, is_path=is_path)


def _from_command(value: object, *, several: bool) -> list[str]:
    """Of a command as text, of one as a list of words, or of several commands."""
    if isinstance(value, str):
        return command_names(value)
    words = [word for word in value if isinstance(word, str)] if isinstance(value, list) else []
    if several or len(words) < 2:
        return [name for word in words[:_MOST] for name in command_names(word)]
    if words[1].lower() in _SHELL_OPTIONS:
        return command_names(words[-1])
    return patch_names("\n".join(words)) or command_names(" ".join(_quoted(word) for word in words))


def _quoted(word: str) -> str:
    return f"'{word}'" if " " in word and "'" not in word else word


def _from_code(code: str, language: object) -> list[str]:
    return command_names(code) if language in _SHELLS else code_names(code)


def _from_patch(text: str) -> list[str]:
    if "*** Begin Patch" in text or "*** Update File" in text:
        return patch_names(text)
    return diff_names(text) if "+++ " in text and "--- " in text else []


def told_calls(text: str) -> list[str]:
    """The files of the calls that an assistant writes as elements: `<read_file><path>src/a.py</path></read_file>`."""
    if "<path>" not in text and "<command>" not in text and "<file_path>" not in text:
        return []
    found: list[str] = []
    at = 0
    while match := _BLOCK.search(text, at):
        tag = match.group(1)
        close = text.find(f"</{tag.split(' ')[0]}>", match.end())
        close = len(text) if close < 0 else close
        found += _told(tag, text[match.end() : close])
        at = close
    return found[:_MOST]


def _told(tool: str, body: str) -> list[str]:
    for tag in _CONTENT_TAGS:
        start, end = body.find(f"<{tag}>"), body.rfind(f"</{tag}>")
        if start >= 0:
            body = body[:start] + (body[end:] if end > start else "")
    trust = _trust(tool)
    names = [clean(path) for path in _PATH_ELEMENT.findall(body)]
    commands = [name for command in _COMMAND_ELEMENT.findall(body) for name in command_names(command)]
    return [name for name in names if name and (trust == "any" or (trust == "known" and is_known(name)))] + commands


def run_names(text: str) -> list[str]:
    """The files within the fenced code that an interpreter runs from the assistant's text."""
    found: list[str] = []
    for language, code in _RUN_FENCE.findall(text[:100_000]):
        found += command_names(code) if language.lower() in _SHELLS else code_names(code)
    return found[:_MOST]
