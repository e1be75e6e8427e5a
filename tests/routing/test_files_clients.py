"""The files in context, client by client."""

import pytest
from conversations import SYSTEM, assistant, call, context, files, result, user

ADDED = (
    "I have *added these files to the chat* so you can go ahead and edit them.\n\n*Trust this message*\n\n"
    "lib/Great Name.rb\n```\nrequire 'other.rb'\n```\n\nRakefile\n```\ntask :x\n```\n"
)


def test_aider():
    """The files in the chat count, few-shot turns, repository map and reminder do not."""
    found = files(
        user("Rename hello() in hello.py"),
        assistant("hello.py\n```python\nx\n```"),
        user("I switched to a new code base. Please don't consider the above files."),
        assistant("Ok."),
        user("Here are summaries of some files present in my git repository.\n\nlib/map.rb:\n⋮\n│def a\n"),
        assistant("Ok, I won't."),
        user(ADDED),
        assistant("Ok, any changes I propose will be to those files."),
        user("shorter\n\n# *SEARCH/REPLACE block* Rules:\n\nmathweb/flask/app.py\n```python\nx\n```"),
    )
    assert found == ["lib/Great Name.rb", "Rakefile"]


def test_aider_without_files():
    """With nothing added, its examples are not taken for an earlier turn."""
    found = files(
        user("Rename hello() in hello.py"),
        assistant("Ok."),
        user("I switched to a new code base."),
        assistant("Ok."),
        user("I am not sharing any files that you can edit yet."),
        assistant("Ok."),
        user("how do I begin?"),
    )
    assert found == []


def test_aider_commit_message():
    """The request for a commit message is about the files of its diff."""
    diff = "diff --git a/lib/a.rb b/lib/a.rb\n--- a/lib/a.rb\n+++ b/lib/a.rb\n@@ -1 +1 @@\n-x\n+y\n"
    assert files(user(f"\nUSER: see notes.md\n\nASSISTANT: ok\n\n# Diffs:\n{diff}")) == ["lib/a.rb"]


def items(*entries):
    """A Responses request's input."""
    message = {"type": "message", "role": "user"}
    return [{**message, "content": [{"type": "input_text", "text": e}]} if isinstance(e, str) else e for e in entries]


def responses(*entries):
    """The files of a Responses request."""
    return list(context({"input": items(*entries), "instructions": "like pkg/sample.py"}, "responses").files)


def test_codex_files_mentioned():
    """Files that the desktop app lists count, with blanks in their names and with the path on its own line."""
    listed = "# Files mentioned by the user:\n\n## my b.csv: /w/my b.csv\n\n## c.txt:\n/w/c.txt\n\n"
    assert responses(listed + "## My request for Codex:\nsum d.txt\n") == ["/w/my b.csv", "/w/c.txt", "d.txt"]


def test_codex():
    """Commands, patches and the active file count; AGENTS.md, the environment, listings and open tabs do not."""
    shell = {"type": "function_call", "name": "exec_command", "arguments": '{"cmd": "sed -n 1,9p lib/a.ex"}'}
    patch = "*** Begin Patch\n*** Add File: lib/b.ex\n+see c.ex\n*** End Patch"
    assert responses(
        "# AGENTS.md instructions for /w\n\n<INSTRUCTIONS>never touch old.ex</INSTRUCTIONS>",
        "<environment_context>\n<cwd>/w</cwd>\n</environment_context>",
        "# Context from my IDE setup:\n\n## Active file: web/x.heex\n\n## Open tabs:\n- y.ex: lib/y.ex\n\n"
        "## My request for Codex:\nsplit it\n",
        {"type": "function_call", "name": "exec_command", "arguments": '{"cmd": "rg --files"}'},
        {"type": "function_call_output", "output": "lib/z.ex\n"},
        shell,
        {"type": "custom_tool_call", "name": "apply_patch", "input": patch},
        {"type": "local_shell_call", "action": {"type": "exec", "command": ["bash", "-lc", "cat mix.exs"]}},
    ) == ["web/x.heex", "lib/a.ex", "lib/b.ex", "mix.exs"]


def test_responses_input_as_text():
    """A plain string is the user's message, and an attached file counts."""
    assert list(context({"input": "Review lib/a.ex"}, "responses").files) == ["lib/a.ex"]
    part = {"type": "input_file", "filename": "plan b.docx"}
    assert responses({"role": "user", "content": [part, {"type": "input_text", "text": "sum it up"}]}) == [
        "plan b.docx"
    ]


def claude(*messages):
    """The files of an Anthropic request."""
    return list(context({"system": "like pkg/sample.py", "messages": list(messages)}, "messages").files)


def test_claude_code():
    """Files that the client or a tool read count; other reminders, memory files and results do not."""
    read = (
        '<system-reminder>\nCalled the Read tool with the following input: {"file_path":"/w/a.rs"}\n</system-reminder>'
    )
    memory = "<system-reminder>\nContents of /w/CLAUDE.md:\nuse cargo.toml\n</system-reminder>"
    use = {"type": "tool_use", "id": "t", "name": "Edit", "input": {"file_path": "/w/b.rs", "old_string": "c.rs"}}
    back = {"type": "tool_result", "tool_use_id": "t", "content": "d.rs"}
    note = {"type": "text", "text": "<system-reminder>\nNote: /w/e.rs was modified\n</system-reminder>"}
    assert claude(
        user(read, memory, "join them"),
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "f.rs?"}, use]},
        {"role": "user", "content": [back, note]},
    ) == ["/w/a.rs", "/w/b.rs"]


def test_claude_code_in_an_ide():
    """A selection counts; a file that is merely open only if nothing else does."""
    opened = "<ide_opened_file>The user opened the file /w/.env in the IDE. This may be.</ide_opened_file>"
    selected = "<ide_selection>The user selected the lines 1 to 2 from /w/a.rs:\nuse b.rs;\n</ide_selection>"
    assert claude(user(opened, "hello")) == ["/w/.env"]
    assert claude(user(opened, "hello c.rs")) == ["c.rs"]
    assert claude(user(selected, "why?")) == ["/w/a.rs"]
    assert claude(user("fix x.rs"), assistant("ok"), user(opened, "shorter")) == ["x.rs"]


def test_opencode():
    """The client's own reads count, once, and folders do not."""
    called = 'Called the Read tool with the following input: {"filePath":"/w/src/a.zig"}'
    body = "<path>/w/src/a.zig</path>\n<type>file</type>\n<content>\n1: see b.zig\n</content>"
    assert files(user('"fix @src/a.zig"\n', called, body)) == ["src/a.zig"]
    listed = "<path>/w/src</path>\n<type>directory</type>\n<entries>\nc.zig\n</entries>"
    assert files(user("explain @src", 'Called the list tool with the following input: {"path":"/w/src"}', listed)) == []


def test_kilo():
    """Active and visible files count, open tabs do not."""
    sections = "Active file: a.kt\nVisible files:\n  a.kt\n  b.kt\nOpen tabs:\n  c.kt"
    details = f"<environment_details>\n{sections}\n</environment_details>"
    assert files(user("faster", details)) == ["a.kt", "b.kt"]


DETAILS = (
    "<environment_details>\n# VSCode Visible Files\nsrc/a.ts,src/b.ts\n\n# VSCode Open Tabs\nsrc/c.ts\n\n"
    "# Current Workspace Directory (/w) Files\nsrc/d.ts\n</environment_details>"
)


def test_roo():
    """Task, mentions read by the client and visible files count; tabs and listings do not."""
    mention = "[read_file for 'src/e.ts']\nFile: src/e.ts\n1 | import './f.ts'\n"
    found = files(
        user("<user_message>\nsort @/src/e.ts\n</user_message>", mention, DETAILS),
        call("list_files", path="src/g.d"),
        result("src/h.ts"),
        user(DETAILS),
        call("apply_diff", path="src/e.ts", diff="see i.ts"),
        result("ok"),
    )
    assert found == ["src/e.ts", "src/a.ts", "src/b.ts"]


def test_cline_with_tools_as_elements():
    """Elements in the assistant's text are calls, their results are no words of the user's, feedback is."""
    first = (
        user("<task>\nfix it\n</task>"),
        assistant("<thinking>maybe a.ts</thinking>\n<read_file>\n<path>b.ts</path>\n</read_file>"),
        user("[read_file for 'b.ts'] Result:", "import './c.ts'"),
        assistant("<write_to_file>\n<path>d.ts</path>\n<content>\n<path>e.ts</path>\n</content>\n</write_to_file>"),
        user("[write_to_file for 'd.ts'] Result:\n<final_file_content path=\"d.ts\">\nf.ts\n</final_file_content>"),
    )
    assert files(*first) == ["b.ts", "d.ts"]
    feedback = user("[attempt_completion] Result:", "The user gave feedback.\n<feedback>\nnow g.ts\n</feedback>")
    assert files(*first, assistant("<attempt_completion>done</attempt_completion>"), feedback) == ["g.ts"]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param("```py app/a.py (1-6)\nimport b.py\n```\nwhy?", ["app/a.py"], id="continue"),
        pytest.param("Content of /w/a.py:\nimport b.py", ["/w/a.py"], id="continue-cli"),
        pytest.param("In file `/w/a b.org`:\n\n```\n* c.org\n```\n\nshorter", ["/w/a b.org"], id="gptel"),
        pytest.param('<selected_files>\n<file path="a.rb">\nb.rb\n</file>\n</selected_files>', ["a.rb"], id="avante"),
        pytest.param(
            '<attachment filepath="a.lua" buffer_number="2">see b.lua</attachment>', ["a.lua"], id="companion"
        ),
        pytest.param("explain file `lua/a.lua` (with buffer number: 3)", ["lua/a.lua"], id="companion-variable"),
        pytest.param(
            "Here is the content from a.lua (which has a buffer number of _3_ and a filepath of `lua/a.lua`):\n\n"
            "```lua\nrequire 'b.lua'\n```",
            ["lua/a.lua"],
            id="companion-older",
        ),
        pytest.param('<file name="/w/a.md">\nsee b.md\n</file>\nsum up', ["/w/a.md"], id="pi"),
        pytest.param(
            "# file:///w/a.go\n```go path=a.go start_line=1 end_line=2\n1: b.go\n```", ["/w/a.go"], id="copilotchat"
        ),
        pytest.param(
            "<context>\n<files>\n```rs w/src/a.rs\nb.rs\n```\n</files>\n</context>\nfix", ["w/src/a.rs"], id="zed"
        ),
        pytest.param("Fix [@a.tsx](file:///w/web/a.tsx)", ["/w/web/a.tsx"], id="zed-mention"),
        pytest.param(
            '<document index="1">\n<source>src/a.py</source>\n<document_content>\nb.py\n</document_content></document>',
            ["src/a.py"],
            id="files-to-prompt",
        ),
        pytest.param("FILE: src/a.py\n```\nimport b\n```", ["src/a.py"], id="gitingest"),
    ],
)
def test_one_message(message, expected):
    """Each client's marks name the file, and nothing within the file does."""
    assert files(user(message)) == expected


def test_copilot():
    """Attachments, the current file and the request count; workspace tree and reminders do not."""
    found = files(
        user("<workspace_info>\n```\na.cs\n```\n</workspace_info>"),
        user(
            '<attachments>\n<attachment id="b.cs" filePath="c:\\w\\b.cs">\n// c.cs\n</attachment>\n</attachments>\n'
            "<editorContext>\nThe user's current file is c:\\w\\d.cs. \n</editorContext>\n"
            "<reminderInstructions>\nuse e.cs\n</reminderInstructions>\n<userRequest>\njoin with f.cs\n</userRequest>"
        ),
    )
    assert found == ["c:/w/b.cs", "c:/w/d.cs", "f.cs"]


def test_copilotchat_pins_its_files_to_the_current_turn():
    """What stands before the whole history belongs to the newest question."""
    pinned = user("# file:///w/a.go\n```go path=/w/a.go start_line=1 end_line=1\n1: x\n```")
    assert files(pinned, user("what is it?"), assistant("see b.go"), user("and c.go?")) == ["/w/a.go", "c.go"]


def test_gptel_puts_files_into_the_system_message():
    """Its request context counts, and other system text does not."""
    system = {
        "role": "system",
        "content": "Request context:\n\nIn buffer `a.el`:\n\n```\nb.el\n```\n\nBe brief, see c.el.",
    }
    assert list(context({"messages": [system, user("why?")]}).files) == ["a.el"]


def test_qwen_code():
    """Content of referenced files is not searched, in parts of its own or not; the folder tree is noise."""
    setup = user("This is the Qwen Code. We are setting up the context for our chat.\n├───a.py")
    parts = (
        "explain @b.py",
        "\n--- Content from referenced files ---",
        "\nContent from @/w/b.py:\n",
        "c.py",
        "\n--- End of content ---",
    )
    assert files(setup, assistant("Got it."), user(*parts)) == ["/w/b.py"]
    assert files(user("".join(parts) + "\nthen d.py")) == ["/w/b.py", "d.py"]


def test_kodu():
    """Nested actions are calls."""
    action = "<kodu_action><read_file><path>src/a.ts</path></read_file></kodu_action>"
    back = "<toolResponse><toolName>read_file</toolName><toolResult>b.ts</toolResult></toolResponse>"
    assert files(user("<task>\nfix\n</task>"), assistant(action), user(back)) == ["src/a.ts"]


def test_open_interpreter_runs_what_it_says():
    """Files in the code that it runs count, from its tool and from its fences."""
    tool = call("execute", language="python", code='pd.read_csv("data/a.csv").to_json("b.json")')
    assert files(user("plot"), tool) == ["data/a.csv", "b.json"]
    system = {"role": "system", "content": "You are Open Interpreter, a world-class programmer."}
    said = assistant("I read it.\n```python\nopen('data/a.csv')\n```")
    assert list(context({"messages": [system, user("plot"), said]}).files) == ["data/a.csv"]
    assert list(context({"messages": [SYSTEM, user("plot"), said]}).files) == []


def test_avante_suggestions_have_an_example():
    """The hard-wired example names no file of the user's."""
    example = (user("<filepath>a.py</filepath>\n<code>\nL1: x\n</code>"), assistant("ok"))
    told = (user("<suggestions>[[]]</suggestions>"), assistant("Great!"))
    assert files(*example, *told, user("<filepath></filepath>\n<code>\nL1: y\n</code>")) == []
    assert files(*example, *told, user("<filepath>src/b.py</filepath>\n<code>\nL1: y\n</code>")) == ["src/b.py"]
