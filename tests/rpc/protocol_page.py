"""The generated half of docs/protocol.md: tables from the table of methods, examples from a real conversation.

`python tests/rpc/protocol_page.py` writes them anew; a test holds the tables to the code and the examples to the types.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import types
import typing
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "tests")]

from editor import Editor  # noqa: E402 - found by the line above
from mux import Mux  # noqa: E402 - the same

from rpc.commands.execute import COMMANDS  # noqa: E402 - after the tests' own, to keep them apart
from rpc.methods import METHODS  # noqa: E402 - the same
from rpc.problems import Problem  # noqa: E402 - the same
from rpc.results import DashboardUrl, ShownRequest  # noqa: E402 - the same
from rpc.status import Command, Status  # noqa: E402 - the same
from sidecar import values  # noqa: E402 - the same
from sidecar.clients.client import Client  # noqa: E402 - the same
from sidecar.running import Running  # noqa: E402 - the same
from sidecar.steps import Step, Where  # noqa: E402 - the same

PAGE = ROOT / "docs/protocol.md"
BEGIN, END = "<!-- {}: generated -->", "<!-- end of {} -->"
PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null", Any: "any"}
SHOWN = (
    Status,
    Problem,
    values.EndpointState,
    Command,
    values.Route,
    values.Workspace,
    values.Rule,
    values.Provider,
    values.Timeouts,
    values.ProviderType,
    values.Model,
    values.Explanation,
    values.Considered,
    values.Request,
    Running,
    ShownRequest,
    values.Usage,
    values.Settings,
    values.Check,
    DashboardUrl,
    Client,
    Step,
    Where,
)

# method → parameters, in the order of one conversation on a new data folder
CONVERSATION: tuple[tuple[str, dict[str, Any]], ...] = (
    ("mux/provider/types", {}),
    ("mux/provider/add", {"name": "local", "type": "echo", "models": ["small"]}),
    ("mux/provider/list", {}),
    ("mux/provider/update", {"name": "local", "description": "for trying out"}),
    ("mux/provider/refresh", {"name": "local"}),
    ("mux/model/list", {"provider": "local"}),
    ("mux/rule/add", {"filter": "", "provider": "local", "model": "echo"}),
    ("mux/rule/add", {"filter": ".ts", "provider": "local", "model": "small", "kind": "chat"}),
    ("mux/rule/list", {}),
    ("mux/workspace/add", {"name": "work", "copyFrom": "default"}),
    ("mux/workspace/list", {}),
    ("mux/rule/set", {"workspace": "work", "rules": [
        {"filter": ".py", "provider": "local", "model": "echo"},
        {"filter": ".ts", "provider": "local", "model": "small"},
        {"filter": "", "provider": "local", "model": "echo"},
    ]}),
    ("mux/rule/move", {"workspace": "work", "position": 2, "to": 1}),
    ("mux/rule/update", {"workspace": "work", "position": 2, "filter": ".pyi"}),
    ("mux/rule/remove", {"workspace": "work", "position": 2}),
    ("mux/workspace/update", {"name": "work", "newName": "Work", "scope": "conversation"}),
    ("mux/workspace/export", {"name": "Work"}),
    ("mux/workspace/import", {"document": ..., "name": "again"}),
    ("mux/workspace/remove", {"name": "again"}),
    ("mux/workspace/switch", {"name": "Work"}),
    ("mux/route/explain", {"files": ["src/app.ts"]}),
    ("mux/status", {"uri": "file:///home/me/proj/src/app.ts"}),
    ("mux/request/list", {"limit": 1}),
    ("mux/request/show", {"id": ...}),
    ("mux/usage", {"by": "model"}),
    ("mux/request/remove", {}),
    ("mux/settings/get", {}),
    ("mux/settings/set", {"keep": "everything", "keepDays": 7}),
    ("mux/doctor", {}),
    ("mux/dashboard/url", {}),
    ("mux/client/list", {"workspace": "Work"}),
    ("mux/provider/remove", {"name": "local", "force": True}),
)  # fmt: skip


def spelled(hint: Any) -> str:
    """A type as the page spells it."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint in PLAIN or hint is None:
        return PLAIN[type(None) if hint is None else hint]
    if origin is typing.Literal:
        return " \\| ".join(f'`"{text}"`' for text in inner)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(spelled(part) for part in inner)
    if origin is tuple:
        return f"{spelled(inner[0])}[]"
    if origin is dict:
        return "object" if inner[1] is Any else f"object of {spelled(inner[1])}s"
    return hint.__name__.removesuffix("Stated")


def fields(kind: type[msgspec.Struct], *, is_given: bool) -> list[tuple[str, str]]:
    """The fields of a type: name, with `?` where it may be left out, and type."""
    hints = typing.get_type_hints(kind)
    found = []
    for field in msgspec.structs.fields(kind):
        hint = hints[field.name]
        parts = [part for part in typing.get_args(hint) if part is not type(None)]
        is_optional = not field.required
        if is_optional and len(parts) < len(typing.get_args(hint)):  # None is how it is left out
            hint = parts[0] if len(parts) == 1 else typing.Union[tuple(parts)]  # noqa: UP007 - from a list
        found.append((field.encode_name + ("?" if is_optional else ""), spelled(hint)))
    return sorted(found, key=lambda row: row[0].endswith("?")) if is_given else found


def method_table(name: str) -> str:
    """A method's sentence, parameters and result."""
    method = METHODS[name]
    lines = [method.help, ""]
    rows = fields(method.params, is_given=True)
    if rows:
        lines += ["| Parameter | Type |", "|---|---|", *(f"| `{field}` | {kind} |" for field, kind in rows), ""]
    else:
        lines += ["No parameters.", ""]
    return "\n".join([*lines, f"Result: {spelled(method.result)}."])


def value_table(kind: type[msgspec.Struct]) -> str:
    """A type's fields."""
    rows = [f"| `{field}` | {spelling} |" for field, spelling in fields(kind, is_given=False)]
    return "\n".join([f"### {kind.__name__}", "", "| Field | Type |", "|---|---|", *rows])


def command_table() -> str:
    """The commands: what each does, and the values that it takes, in order."""
    rows = []
    for command in COMMANDS.values():
        names = ", ".join(f"`{field.encode_name}`" for field in msgspec.structs.fields(command.params))
        rows.append(f"| `{command.name}` | {command.help} | {names or 'none'} |")
    return "\n".join(["| Command | Does | Values, in order |", "|---|---|---|", *rows])


def exchanges(text: str) -> dict[str, tuple[Any, Any]]:
    """The example of each method on the page: parameters and result."""
    found = re.findall(r"^### (mux/\S+)\n.*?```json\n(.*?)\n```\n\n```json\n(.*?)\n```", text, re.MULTILINE | re.DOTALL)
    return {name: (json.loads(asked)["params"], json.loads(answered)["result"]) for name, asked, answered in found}


def converse() -> dict[str, tuple[Any, Any]]:
    """Each method's parameters and result in a real conversation."""
    told: dict[str, tuple[Any, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        mux = Mux(Path(folder) / "home")
        editor = Editor(mux)
        try:
            editor.initialize()
            editor.serving()
            for method, asked in CONVERSATION:
                params = {name: _filled(name, told) if value is ... else value for name, value in asked.items()}
                told[method] = (params, editor.call(method, **params))
                if method == "mux/client/list":
                    told[method][1][1:] = []  # one of them tells what the others are like
                if method == "mux/workspace/switch":
                    message = {"role": "user", "content": "Look at src/app.ts"}
                    mux.post("/chat/completions", {"messages": [message]}, {"User-Agent": "aider/0.86"})
                    editor.told("mux/didChangeStatus", lambda status: "lastRequest" in status)
        finally:
            editor.close()
        text = (
            json.dumps(told)
            .replace(str(mux.port), "8989")
            .replace(folder + "/home", "/home/me/.local/share/mux-sidecar")
        )
    steady = re.sub(r"code=[0-9a-f]{32}", "code=5f0c2d3a9b8e47d6a1c4e7f20b3d5986", text)
    steady = re.sub(r"process \d+", "process 4711", steady)
    return {name: (asked, result) for name, (asked, result) in json.loads(steady).items()}


def _filled(name: str, told: dict[str, tuple[Any, Any]]) -> Any:
    """What only an earlier answer can tell."""
    return told["mux/workspace/export"][1] if name == "document" else told["mux/request/list"][1][0]["id"]


def methods_part(examples: dict[str, tuple[Any, Any]]) -> str:
    """All methods with their examples."""
    parts = []
    for number, name in enumerate(METHODS, start=1):
        asked, result = examples[name]
        request = json.dumps({"jsonrpc": "2.0", "id": number, "method": name, "params": asked}, ensure_ascii=False)
        answer = json.dumps({"jsonrpc": "2.0", "id": number, "result": result}, ensure_ascii=False, indent=2)
        parts.append(f"### {name}\n\n{method_table(name)}\n\n```json\n{request}\n```\n\n```json\n{answer}\n```")
    return "\n\n".join(parts)


def part(text: str, name: str) -> str:
    """What stands between the marks of a part."""
    return text.split(BEGIN.format(name))[1].split(END.format(name), maxsplit=1)[0].strip("\n")


def replaced(text: str, name: str, new: str) -> str:
    """The page with another text in that part."""
    before, rest = text.split(BEGIN.format(name))
    return f"{before}{BEGIN.format(name)}\n\n{new}\n\n{END.format(name)}{rest.split(END.format(name))[1]}"


def write() -> None:
    """Writes the generated parts anew."""
    text = PAGE.read_text("utf-8")
    text = replaced(text, "methods", methods_part(converse()))
    text = replaced(text, "commands", command_table())
    PAGE.write_text(replaced(text, "values", "\n\n".join(map(value_table, SHOWN))), "utf-8")


if __name__ == "__main__":
    write()
