"""The files that clients name in passages, pictures, commands and system text."""

import pytest
from conversations import assistant, context, files, user


def test_aider_pictures_and_tags():
    """A picture's part names it; where a file holds backticks, aider's fences are tags."""
    added = "I have *added these files to the chat* so you can.\n\ndocs/a.md\n<source>\n````md\n```\n````\n</source>\n"
    shown = user("Image file: art/big cat.png")
    found = files(user(added), assistant("Ok."), shown, assistant("Ok."), user("redraw"))
    assert found == ["docs/a.md", "art/big cat.png"]


def test_mini_swe_agent():
    """The commands in its fences count, what they print does not; earlier clients' fences need its instructions."""
    said = assistant("THOUGHT: see old.py\n\n```mswea_bash_command\ncat src/a.go\n```")
    printed = user("<returncode>0</returncode>\n<output>\nopen b.go\n</output>")
    assert files(user("Please solve this issue: slow"), said, printed) == ["src/a.go"]
    system = {"role": "system", "content": "Your response must contain exactly ONE bash code block."}
    plain = assistant("```bash\ncat src/a.go\n```")
    assert list(context({"messages": [system, user("slow"), plain]}).files) == ["src/a.go"]


def test_openhands():
    """The example ahead of the task and what is told of the repository are no request."""
    rule = "-" * 21
    example = f"Here's an example.\n\n{rule} START OF EXAMPLE {rule}\nUSER: edit app.py\n{rule} END OF EXAMPLE {rule}\n"
    task = f"{rule} NEW TASK DESCRIPTION {rule}\nfix x/a.c\n{rule} END OF NEW TASK DESCRIPTION {rule}\nPLEASE see b.c"
    assert files(user(example + task)) == ["x/a.c"]
    assert files(user("fix x/a.c", "<EXTRA_INFO>\nEdit etc/b.json\n</EXTRA_INFO>")) == ["x/a.c"]


@pytest.mark.parametrize("head", ["You are helpful.", "The user has attached a file to the conversation:"])
def test_attached_in_system_text(head):
    """Open WebUI's and LibreChat's attachments count wherever they stand, names within them do not."""
    sources = '<context>\n<source id="1" name="My Plan.pdf">see b.pdf</source>\n</context>'
    listed = "<file>\n<filename>My Plan.pdf</filename>\n</file>"
    held = {"role": "system", "content": f"{head}\n{listed if 'attached' in head else sources}"}
    assert list(context({"messages": [held, user("why?")]}).files) == ["My Plan.pdf"]
    assert files(user(f"### Task:\nAnswer.\n\n{sources}\n\nwhy?")) == ["My Plan.pdf"]


def test_continue_trees_searches_and_next_edit():
    """Trees and results of searches are noise up to the user's words; of a next edit the current file counts."""
    tree = "Here is a file tree of the current workspace:\n\na.yaml\nlib/\n  b.dart\n\n\n\n"
    hits = 'Results of searching codebase for "x":\n\n./a.dart\n  x();\n\n./b.dart\n  x();\n\n'
    assert files(user(tree + "where to cache? see c.dart")) == ["c.dart"]
    assert files(user(hits + "why twice? see c.dart")) == ["c.dart"]
    seen = "<|recently_viewed_code_snippets|>\ncode_snippet_file_path: a.ts\n<|/recently_viewed_code_snippets|>\n"
    now = "<|current_file_content|>\ncurrent_file_path: src/b.ts\nimport './c.css'\n<|/current_file_content|>\n"
    diff = "<|edit_diff_history|>\n--- d.ts\n+++ d.ts\n@@ -1 +1 @@\n-a\n+b\n<|/edit_diff_history|>"
    assert files(user(seen + now + diff)) == ["src/b.ts"]


def test_copilot_excerpt():
    """An excerpt says its path in its first comment."""
    excerpt = "Excerpt from a.swift, lines 3 to 9:\n```swift\n// filepath: /w/src/a.swift\nimport B // b.swift\n```"
    text = f'<attachments>\n<attachment id="a.swift">\n{excerpt}\n</attachment>\n</attachments>\n'
    assert files(user(text + "<userRequest>\nfix\n</userRequest>")) == ["/w/src/a.swift"]


def test_zed_edit_prediction():
    """The excerpt's fence names the file, the edits before it other ones."""
    edits = '### User Edits:\n\nUser edited "src/a.rs":\n```diff\n@@\n```\n\n'
    prompt = edits + "### User Excerpt:\n\n```src/b.rs\nuse c;\n```\n"
    assert list(context({"prompt": prompt}, "completions").files) == ["src/b.rs"]


def test_editor_context_as_json():
    """qwen-code's active file counts, other open files do not."""
    state = '{\n  "activeFile": {\n    "path": "/w/a.py"\n  },\n  "otherOpenFiles": [\n    "/w/b.py"\n  ]\n}'
    text = (
        f"Here is the user's editor context as a JSON object. This is for your information only.\n```json\n{state}\n```"
    )
    assert files(user(text), user("close it")) == ["/w/a.py"]
    assert files(user(f"<system-reminder>\n{text}\n</system-reminder>", "close it")) == ["/w/a.py"]
