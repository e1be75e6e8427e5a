"""Every action as a command, for editors without a binding: asked for, answered, and told."""

from __future__ import annotations

from typing import Any

import pytest
from editor import Editor

NEOVIM = {
    "window": {
        "workDoneProgress": True,
        "showMessage": {"messageActionItem": {"additionalPropertiesSupport": True}},
        "showDocument": {"support": True},
    }
}
COMMANDS = [
    "mux.switchWorkspace",
    "mux.addWorkspace",
    "mux.renameWorkspace",
    "mux.removeWorkspace",
    "mux.addRule",
    "mux.removeRule",
    "mux.listModels",
    "mux.addProvider",
    "mux.removeProvider",
    "mux.refreshModels",
    "mux.explainFile",
    "mux.showStatus",
    "mux.showRequests",
    "mux.openDashboard",
    "mux.runDoctor",
]
INFO, WARNING, ERROR = 3, 2, 1


class Person:
    """Somebody at an editor who runs commands and answers what they are asked."""

    def __init__(self, editor: Editor, capabilities: Any = NEOVIM, **more: Any) -> None:
        self.editor = editor
        self.hello = editor.initialize(capabilities=capabilities, **more)["result"]

    def begin(self, command: str, *arguments: Any, **more: Any) -> int:
        """Run a command; the id of the request."""
        return self.editor.begin("workspace/executeCommand", {"command": command, "arguments": list(arguments)} | more)

    def run(self, command: str, *arguments: Any) -> Any:
        """The result of a command that asks nothing."""
        answer = self.editor.answer(self.begin(command, *arguments))
        assert "result" in answer, answer
        return answer["result"]

    def asked(self) -> tuple[int, str, list[str]]:
        """The next question: its id, its sentence, and the answers to choose from."""
        request = self.request("window/showMessageRequest")
        return request["id"], request["params"]["message"], [each["title"] for each in request["params"]["actions"]]

    def request(self, method: str) -> dict[str, Any]:
        """The server's next request of this method."""

        def found() -> list[dict[str, Any]]:
            return [each for each in self.editor.notifications if each["method"] == method]

        self.editor._until(lambda: bool(found()))
        self.editor.notifications.remove(request := found()[0])
        return request

    def answer(self, number: int, result: Any) -> None:
        """Answer a request of the server's."""
        self.editor.send({"jsonrpc": "2.0", "id": number, "result": result})

    def choose(self, start: str) -> str:
        """Choose the answer that starts so; the question."""
        number, sentence, choices = self.asked()
        self.answer(number, {"title": next(each for each in choices if each.startswith(start))})
        return sentence

    def told(self, kind: int = INFO) -> str:
        """The next message of that kind."""
        return self.editor.told("window/showMessage", lambda params: params["type"] == kind)["message"]


@pytest.fixture
def person(home, launch):
    """Somebody whose editor can do all that Neovim's client can."""
    return Person(launch(home))


def test_announced(person):
    """`initialize` announces each command of the contract, and the code actions."""
    capabilities = person.hello["capabilities"]
    assert capabilities["executeCommandProvider"]["commands"] == COMMANDS
    assert capabilities["codeActionProvider"]["codeActionKinds"] == ["source.mux"]


def test_values_in_order_or_as_an_object(person):
    """A command takes one object, or the same values in order; it tells the outcome and answers the method's result."""
    assert person.run("mux.addWorkspace", "work")["name"] == "work"
    assert person.told() == "Added the workspace work."
    assert person.run("mux.addWorkspace", {"name": "copy", "copyFrom": "default"})["default"] == "echo/echo"
    assert person.told() == "Added the workspace copy with the rules of default."
    assert person.run("mux.switchWorkspace", {"name": "copy"})["workspace"] == "copy"
    assert person.told() == "The workspace copy is active; its model is echo/echo."
    assert person.run("mux.addRule", ".py", "echo", "echo")[0]["filter"] == ".py"
    assert person.told() == "echo/echo answers for .py files now."
    assert person.run("mux.renameWorkspace", "copy", "client")["name"] == "client"
    assert person.told() == "The workspace copy is called client now."


def test_a_second_rule_for_the_same_files(person):
    """Behind the first it would never get a request, so the first one is changed; a place of its own is respected."""
    person.run("mux.addRule", ".py", "echo", "echo")
    person.editor.call("mux/provider/add", name="other", type="echo", models=["m"])
    changed = person.run("mux.addRule", {"filter": ".py", "provider": "other", "model": "m"})
    assert [(rule["filter"], rule["provider"]) for rule in changed] == [(".py", "other"), ("", "echo")]
    placed = person.run("mux.addRule", {"filter": ".py", "provider": "echo", "model": "echo", "position": 1})
    assert [(rule["filter"], rule["provider"]) for rule in placed][:2] == [(".py", "echo"), (".py", "other")]


def test_helix_runs_lines_together(home, launch):
    """Helix shows a message on one line, without what parted its lines: they are parted there."""
    helix = Person(launch(home), clientInfo={"name": "helix"})
    helix.run("mux.showStatus")
    told = helix.told()
    assert "\n" not in told
    assert " · " in told


def test_asks_for_what_is_missing(person):
    """Without a name, the user is asked which workspace; their choice is done and told."""
    person.run("mux.addWorkspace", "work")
    person.told()
    number = person.begin("mux.switchWorkspace")
    assert person.choose("work") == "Which workspace is to be active?"
    assert person.editor.answer(number)["result"]["workspace"] == "work"
    assert person.told() == "The workspace work is active; its model is not chosen yet."


def test_asks_step_by_step(person):
    """A rule needs a filter and a model: the endings of files asked about lately, then the models in use."""
    number = person.begin("mux.addRule")
    assert person.choose("Everything else") == "A rule for which files?"
    assert person.choose("Another model") == "Which model is to answer for everything else?"
    assert person.choose("echo (1 model)") == "A model of which provider?"
    assert person.choose("echo") == "Which model is to answer for everything else?"
    assert [rule["filter"] for rule in person.editor.answer(number)["result"]] == [""]


@pytest.mark.parametrize(
    "answer", [{"result": None}, {"error": {"code": -32601, "message": "no"}}, {"result": {"title": "?"}}]
)
def test_cancelled(person, answer):
    """Null, an error, or an answer that was not offered is taken for "cancelled": nothing is done, nothing is told."""
    person.run("mux.addWorkspace", "work")
    person.told()
    number = person.begin("mux.removeWorkspace")
    question, _, _ = person.asked()
    person.editor.send({"jsonrpc": "2.0", "id": question} | answer)
    assert person.editor.answer(number) == {"jsonrpc": "2.0", "id": number, "result": None}
    assert len(person.editor.call("mux/workspace/list")) == 2
    assert [each for each in person.editor.notifications if each["method"] == "window/showMessage"] == []


def test_a_client_that_cannot_ask(home, launch):
    """An editor that announces no questions is asked none: it is told what to give, and gets null."""
    person = Person(launch(home), capabilities={})
    person.run("mux.addWorkspace", "work")
    assert person.run("mux.switchWorkspace") is None
    assert person.told(WARNING) == (
        "The command needs `name`, and this editor cannot ask for it: give it as an argument."
    )
    assert [each for each in person.editor.notifications if "id" in each] == []


def test_eglot_is_asked(home, launch):
    """Eglot asks without announcing that it can."""
    person = Person(launch(home), capabilities={}, clientInfo={"name": "Eglot", "version": "1.17"})
    person.run("mux.addWorkspace", "work")
    number = person.begin("mux.switchWorkspace")
    person.choose("work")
    assert person.editor.answer(number)["result"]["workspace"] == "work"


def test_removing_asks_once_more(person):
    """A workspace picked from a list is removed after one more question; one that was named, at once."""
    person.run("mux.addWorkspace", "work")
    number = person.begin("mux.removeWorkspace")
    person.choose("work")
    assert person.choose("Remove") == "Remove the workspace work with its rules?"
    assert person.editor.answer(number)["result"] is None
    assert [each["name"] for each in person.editor.call("mux/workspace/list")] == ["default"]


def test_a_provider_in_use(person):
    """A provider that a workspace uses is removed only when the user insists; its rules are the answer."""
    number = person.begin("mux.removeProvider", {"name": "echo"})
    assert person.choose("Remove all the same") == "echo is used by the rules of default, which will be broken."
    assert [rule["provider"] for rule in person.editor.answer(number)["result"]] == ["echo"]
    assert person.told() == "Removed the provider echo; 1 rule cannot serve any more."


def test_errors_are_told_and_answered(person):
    """A command that fails answers with the method's error, and the user sees the sentence."""
    answer = person.editor.answer(person.begin("mux.switchWorkspace", "nowhere"))
    assert answer["error"]["code"] == 1001
    assert person.told(ERROR) == answer["error"]["message"]


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"command": "mux.unknown"}, "command"),
        ({"command": 7}, "command"),
        ({}, "command"),
        ([], "command"),
        ({"command": "mux.switchWorkspace", "arguments": {"name": "default"}}, "arguments"),
        ({"command": "mux.switchWorkspace", "arguments": ["a", "b"]}, "arguments"),
        ({"command": "mux.switchWorkspace", "arguments": [{"nme": "default"}]}, "nme"),
        ({"command": "mux.addRule", "arguments": [".py", "echo", "echo", "sometimes"]}, "kind"),
        ({"command": "mux.removeRule", "arguments": ["first"]}, "position"),
    ],
)
def test_arguments_that_cannot_be(person, params, field):
    """Arguments that cannot be are refused with −32602 and the field."""
    error = person.editor.fail("workspace/executeCommand", params)
    assert error["code"] == -32602
    assert error["data"]["field"] == field


def test_rules_and_models(person):
    """Models are listed; rules are removed by position or from a list; the file's rule is explained."""
    assert [model["name"] for model in person.run("mux.listModels")] == ["echo"]
    assert person.told() == "echo: echo"
    person.run("mux.addRule", {"filter": ".py", "model": "echo/echo"})
    person.told()
    assert person.run("mux.explainFile", "file:///a/b.py")["route"]["position"] == 1
    assert person.told() == "/a/b.py: echo/echo, by rule 1 (.py) of default."
    number = person.begin("mux.removeRule")
    assert person.choose("1. .py") == "Remove which rule?"
    assert len(person.editor.answer(number)["result"]) == 1
    assert person.told() == "Removed rule 1; 1 left."


def test_looks(person):
    """Status, requests and the doctor are told in a message; their results are the methods'."""
    assert person.run("mux.showStatus")["workspace"] == "default"
    assert person.run("mux.showRequests") == []
    assert "point a client at http://localhost:" in person.told() + person.told()
    checks = person.run("mux.runDoctor")
    assert [check["check"] for check in checks] == [each["check"] for each in person.editor.call("mux/doctor")]
    assert checks


def test_the_doctor_warns(person):
    """What works and had better be otherwise is told as what is wrong is, with what mends it."""
    for text in (".py", "*.py"):
        person.run("mux.addRule", text, "echo", "echo")
    assert all(check["ok"] for check in person.run("mux.runDoctor"))
    assert "never reached" in (told := person.told(WARNING))
    assert "mux-sidecar rule move 2 1" in told


def test_the_dashboard(person):
    """The editor is asked to open the dashboard in the browser; where it does not, the user is told where it is."""
    number = person.begin("mux.openDashboard")
    request = person.request("window/showDocument")
    assert request["params"]["external"] is True
    assert "#code=" in request["params"]["uri"]
    person.answer(request["id"], {"success": True})
    assert person.editor.answer(number)["result"]["url"] == request["params"]["uri"]
    assert person.told() == "The dashboard is open in the browser."
    number = person.begin("mux.openDashboard")
    person.answer(person.request("window/showDocument")["id"], {"success": False})
    assert person.editor.answer(number)["result"]["url"] in person.told()


def test_progress(person):
    """Fetching models shows progress that the server begins, and under the client's own token where it sends one."""
    number = person.begin("mux.refreshModels", "echo", workDoneToken="mine")
    assert person.editor.answer(number)["result"]["name"] == "echo"
    shown = [each["params"] for each in person.editor.notifications if each["method"] == "$/progress"]
    assert [(each["token"], each["value"]["kind"]) for each in shown] == [("mine", "begin"), ("mine", "end")]
    assert shown[0]["value"]["title"] == "Fetching models"


def test_progress_that_the_server_begins(person, other_upstream):
    """Where the client sends no token, the server asks for one of its own, and ends what it has begun."""
    other_upstream.is_silent = True
    wanted = {"name": "slow", "type": "openai", "endpoint": other_upstream.url, "auth": "none"}
    number = person.begin("mux.addProvider", wanted)
    request = person.request("window/workDoneProgress/create")
    person.answer(request["id"], None)
    begun = person.editor.told("$/progress", lambda params: params["value"]["kind"] == "begin")
    assert begun["token"] == request["params"]["token"]
    person.editor.notify("$/cancelRequest", {"id": number})
    assert person.editor.answer(number)["error"]["code"] == -32800
    assert person.editor.told("$/progress", lambda params: params["value"]["kind"] == "end")["token"] == begun["token"]


def test_a_question_can_be_cancelled(person):
    """`$/cancelRequest` ends a command that waits for the user: the question is taken back, a late answer is none."""
    person.run("mux.addWorkspace", "work")
    number = person.begin("mux.switchWorkspace")
    question, _, choices = person.asked()
    person.editor.notify("$/cancelRequest", {"id": number})
    assert person.editor.answer(number)["error"]["code"] == -32800
    assert person.editor.told("$/cancelRequest") == {"id": question}
    person.answer(question, {"title": choices[0]})
    assert person.editor.call("mux/status")["workspace"] == "default"


def actions(person: Person, uri: str = "file:///p/app.py", **context: Any) -> list[dict[str, Any]]:
    """What is offered for a document."""
    position = {"line": 0, "character": 0}
    params = {"textDocument": {"uri": uri}, "range": {"start": position, "end": position}, "context": context}
    return person.editor.call("textDocument/codeAction", **params)


def test_code_actions(person):
    """Invoked by hand, two actions are offered; their commands ask for the rest."""
    offered = actions(person, diagnostics=[], triggerKind=1)
    assert [each["title"] for each in offered] == ["Switch workspace…", "Use another model for .py files…"]
    number = person.begin(offered[1]["command"]["command"], *offered[1]["command"]["arguments"])
    assert person.choose("echo/echo") == "Which model is to answer for .py files?"
    rules = person.editor.answer(number)["result"]
    assert [rule["filter"] for rule in rules] == [".py", ""]
    number = person.begin(offered[1]["command"]["command"], *offered[1]["command"]["arguments"])
    person.choose("echo/echo")
    assert person.editor.answer(number)["result"] == rules  # the same rule, not a second one behind it


@pytest.mark.parametrize(
    ("context", "count"),
    [
        ({"diagnostics": [], "triggerKind": 2}, 0),
        ({"diagnostics": []}, 2),
        ({"diagnostics": [], "triggerKind": 1, "only": ["quickfix"]}, 0),
        ({"diagnostics": [], "triggerKind": 1, "only": ["source.organizeImports"]}, 0),
        ({"diagnostics": [], "triggerKind": 1, "only": ["source"]}, 2),
        ({"diagnostics": [], "triggerKind": 1, "only": ["source.mux"]}, 2),
    ],
)
def test_code_actions_unasked(person, context, count):
    """No light bulb shines by itself, unless the editor does not say how it asks; `only` is respected."""
    assert len(actions(person, **context)) == count


def test_code_actions_of_a_document_without_a_name(person):
    """A document that was never saved has no ending to choose a model for."""
    offered = actions(person, "untitled:Untitled-1", diagnostics=[], triggerKind=1)
    assert [each["title"] for each in offered] == ["Switch workspace…"]


def test_code_actions_that_do_not_fit(person):
    """Parameters that do not fit the standard are refused."""
    assert person.editor.fail("textDocument/codeAction", {"context": {}})["code"] == -32602
