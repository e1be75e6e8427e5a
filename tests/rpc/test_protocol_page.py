"""docs/protocol.md says what the methods are."""

from __future__ import annotations

import json
import re
import typing

import msgspec
import protocol_page as page
import pytest

from rpc.commands.execute import COMMANDS
from rpc.commands.names import NAMES
from rpc.methods import METHODS
from rpc.problems import ProblemKind

TEXT = page.PAGE.read_text("utf-8")
EXAMPLES = page.exchanges(TEXT)

CONTRACT = {
    "mux/status", "mux/workspace/list", "mux/workspace/add", "mux/workspace/switch", "mux/workspace/update",
    "mux/workspace/remove", "mux/workspace/export", "mux/workspace/import", "mux/rule/list", "mux/rule/add",
    "mux/rule/update", "mux/rule/move", "mux/rule/remove", "mux/rule/set", "mux/provider/types", "mux/provider/list",
    "mux/provider/add", "mux/provider/update", "mux/provider/refresh", "mux/provider/remove", "mux/model/list",
    "mux/route/explain", "mux/request/list", "mux/request/show", "mux/request/remove", "mux/usage", "mux/settings/get",
    "mux/settings/set", "mux/doctor", "mux/dashboard/url", "mux/client/list",
}  # fmt: skip


def test_the_methods_are_those_that_clients_rely_on():
    """No method is missing, none is new, and each says what it does."""
    assert set(METHODS) == CONTRACT
    assert all(method.name == name and method.help.endswith(".") for name, method in METHODS.items())


@pytest.mark.parametrize("name", METHODS)
def test_each_method_is_told(name):
    """A method has its heading, sentence, parameters and result, as the code has them."""
    assert f"### {name}\n\n{page.method_table(name)}\n\n```json" in TEXT


@pytest.mark.parametrize("name", METHODS)
def test_each_example_is_true(name):
    """A method's example has parameters and a result that fit its types, with no field that those have not."""
    asked, result = EXAMPLES[name]
    method = METHODS[name]
    msgspec.convert(asked, method.params)
    read = msgspec.convert(result, method.result)
    assert json.loads(msgspec.json.encode(read)) == result


def test_each_value_is_told():
    """A type of the results has its heading and its fields, as the code has them."""
    assert page.part(TEXT, "values") == "\n\n".join(map(page.value_table, page.SHOWN))


def test_each_kind_of_problem_is_told():
    """What may be wrong stands in a table, by the kinds that the code has."""
    assert re.findall(
        r"^\| `(\w+)` \| [^|]+ \|[^|]*\|$", TEXT.split("`Problem.kind`")[1].split("<!--")[0], re.MULTILINE
    ) == list(typing.get_args(ProblemKind))


def test_each_command_is_told():
    """The commands stand in a table with what they take, as the code has them, and as `initialize` announces them."""
    assert page.part(TEXT, "commands") == page.command_table()
    assert list(COMMANDS) == list(NAMES)
