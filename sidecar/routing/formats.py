"""How clients write files into their prompts: one row for each mark, so that a new client is a new row.

Sources are the clients' own requests and code: aider `coders/*_prompts.py`; Cline and Roo `mentions/index.ts`,
`getEnvironmentDetails.ts`; Codex CLI and its IDE extension; Claude Code; opencode and Kilo `session/prompt.ts`;
Continue `core/llm/templates`, `renderContextItems`; VS Code Copilot Chat `prompts/node/panel`; Zed `agent/thread.rs`;
avante `_context.avanterules`; codecompanion `slash_commands`; CopilotChat.nvim `client.lua`; qwen-code
`readManyFiles.ts`; pi `file-processor.ts`; gptel `gptel-context.el`; files-to-prompt, repomix.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Does = Literal[
    "file",  # an attribute names a file; what is within is the file
    "value",  # what is within is a file's name
    "words",  # what is within are the user's own words
    "holder",  # what is within are more marks; other words in it are the client's
    "sections",  # Cline's and Kilo's environment: some sections name files
    "body",  # a pattern within names a file, the rest is the client's
    "drop",  # nothing within counts
]


@dataclass(frozen=True)
class Tag:
    """What an XML-like element does.

    `pattern` (for `body`) has the name as its group; `weak` names count if there is no other.
    """

    does: Does
    pattern: re.Pattern[str] | None = None
    weak: bool = False


def _tags(does: Does, names: str) -> dict[str, Tag]:
    return {name: Tag(does) for name in names.split()}


TAGS: dict[str, Tag] = {
    **_tags(
        "file",
        """file_content final_file_content file attachment selected_code current_file open_file document code_snippet
        source_file selection file_contents editor_selection active_file opened_file buffer file_diff""",
    ),
    **_tags("value", "path filepath file_path filename source absolute_path relative_path"),
    **_tags(
        "words",
        """task feedback user_message user_input userrequest user_request user_query prompt question command-args
        bash-input answer user-request query request instruction user-message user-input user_prompt message""",
    ),
    **_tags(
        "holder",
        """context files selections symbols selected_files attachments editorcontext documents open_files
        additional_data attached_files included_files referenced_files file_attachments user_files codebase_context
        current-file editor_context ide_context""",
    ),
    "environment_details": Tag("sections"),
    "environmentdetails": Tag("sections"),  # Kodu
    "system-reminder": Tag(
        "body",
        re.compile(
            r"\s*Called the Read tool with the following input: \{[^{}\n]{0,40}\"file_?[pP]ath\": ?\"([^\"\n]+)\""
            r"|\s*Here is (?:the|a summary of changes in the) user's editor context"  # qwen-code
            r"[^{}]{0,200}\{\s*\"activeFile\": ?\{\s*\"path\": ?\"([^\"\n]+)\""
        ),
    ),
    "ide_selection": Tag("body", re.compile(r"\s*The user selected the lines? .{1,40}? from (.+?):?(?:\n|$)")),
    "ide_opened_file": Tag("body", re.compile(r"\s*The user opened the file (.+?) in the IDE"), weak=True),
    **_tags(
        "drop",
        """environment_info workspace_info environment_context environment env reminderinstructions reminder
        instructions user_instructions project_instructions rules cursor_rules custom_instructions agent_instructions
        repo_map repository_map project_layout project_structure file_tree directory_structure folder_structure
        recently_viewed_files recent_files open_tabs folder_content url_content web_content git_status
        git_working_state git_commit command-message command-name command-contents
        local-command-stdout local-command-stderr
        local-command-caveat bash-stdout bash-stderr content contents document_content document_contents code entries
        memory memories user_memory diagnostics problems workspace_diagnostics terminal_output terminal
        skills_instructions skills available_skills todos todo_list thinking toolresponse tool_response tool_result
        function_results suggestions notification mode_notice user_info user_rules examples example
        contextaftercursor contextbeforecursor directory conversation_summary conversation-summary summary
        post-tool-use-hook pre-tool-use-hook session-start-hook user-prompt-submit-hook system_warning
        explicit_instructions turn_aborted subagent_notification permissions collaboration_mode apps personality
        directories threads fetched_urls returncode output extra_info repository_info runtime_information
        repository_instructions conversation_instructions edit_diff_history recently_viewed_code_snippets
        task-notification recommended_plugins app-context codex_internal_context in-app-browser-context""",
    ),
}

# Elements that some client closes by another name (Zed).
CLOSED_BY = {"rules": "user_rules"}

# Attributes that name the file, the surest first. An `id` counts only if it looks like a file.
ATTRIBUTES = ("filepath", "path", "file_path", "file", "filename", "uri", "src", "name", "title", "id")


@dataclass(frozen=True)
class Mark:
    """A line by which a client names a file: it begins with one of `starts`; `pattern`'s group is the name.

    `content` says that the file's text follows, fenced or bare; `result` that the next part is it; `known` that only a
    name that looks like a file counts.
    """

    starts: tuple[str, ...]
    pattern: re.Pattern[str]
    content: bool = False
    result: bool = False
    known: bool = False


MARKS: tuple[Mark, ...] = (
    # codecompanion's older slash commands: the path stands in backticks behind the buffer's number
    Mark(
        ("Here is the content from", "Here is the updated content", "Content from ", "Here is the content"),
        re.compile(r".{1,300}?\b(?:buffer|path)\b[^`]{0,80}`([^`]+)`"),
        content=True,
    ),
    # Continue, qwen-code and Gemini CLI, llm-like scripts
    Mark(
        ("Content of ", "Contents of ", "Content from ", "Contents from ", "Here is the content of "),
        re.compile(r"(?:Here is the )?[Cc]ontents? (?:of|from) (?:the )?(?:file )?@?(.+?) ?(?:\(\d[^)]*\))?:?$"),
        content=True,
    ),
    # aider's part before a picture's
    Mark(("Image file: ", "PDF file: "), re.compile(r"(?:Image|PDF) file: (\S.*)$"), known=True),
    # gptel
    Mark(("In file `", "In buffer `"), re.compile(r"In (?:file|buffer) `([^`]+)`"), content=True),
    # CopilotChat.nvim: `# file:///home/me/a.lua`, then a fence with path=
    Mark(("# file://",), re.compile(r"# (file://\S.*)$"), content=True),
    # Copilot
    Mark(("The user's current file is ",), re.compile(r"The user's current file is (.+?)\.(?:\s|$)")),
    Mark(("The filepath is ", "The file path is "), re.compile(r"The file ?path is `?([^`]+?)`?(?: and\b|\.?$)")),
    Mark(("// filepath: ", "# filepath: ", "-- filepath: ", "// filepath:"), re.compile(r"\S+ filepath: ?(.+)$")),
    Mark(("current_file_path:",), re.compile(r"current_file_path: *(.+)$"), content=True),
    # Codex in an IDE, Kilo
    Mark(("## Active file:", "Active file:", "# Active file:"), re.compile(r"(?:#+ )?Active file: *(.+)$")),
    # Cline's and Roo's mentions, read by the client: `[read_file for 'src/a.ts']`, `File: src/a.ts`
    Mark(("[read_file for ", "[file_content for "), re.compile(r"\[\w+ for '([^']+)'"), content=True),
    # opencode, Claude Code
    Mark(
        ("Called the Read tool with ", "Called the read tool with "),
        re.compile(r".{1,60}?\{.{0,80}?\"file_?[pP]ath\": ?\"([^\"]+)\""),
        result=True,
    ),
    # gitingest, repopack
    Mark(
        ("FILE: ", "File: ", "Filename: ", "File path: ", "Filepath: ", "file: "),
        re.compile(r"[\w ]{1,20}: +(\S.*)$"),
        known=True,
    ),
)


@dataclass(frozen=True)
class Block:
    """A passage that begins with one of `starts` and reaches as far as `span`; `name` finds the files it names."""

    starts: tuple[str, ...]
    span: re.Pattern[str]
    name: re.Pattern[str] | None = None


BLOCKS: tuple[Block, ...] = (
    # Continue: @tree up to an empty line; @search as ripgrep prints it
    Block(
        ("Here is a file tree of the current workspace",),
        re.compile(r"\s*Here is a file tree of the current workspace:\n+(?:[^\n]+\n)*+"),
    ),
    Block(
        ("Results of searching codebase for",),
        re.compile(r"\s*Results of searching codebase for [^\n]*\n+(?:\./[^\n]*\n(?:[^\n]+\n)*+\n*+)*+"),
    ),
    # Codex's desktop app: `## name: path`, the path perhaps on a line of its own
    Block(
        ("# Files mentioned by the user",),
        re.compile(r"\s*# Files mentioned by the user[^\n]*\n(?:(?!## My request)[^\n]*\n)*+"),
        re.compile(r"^## [^\n]{1,300}?:(?: +|\s*\n)([^\s#][^\n]{0,500})$", re.MULTILINE),
    ),
    # Gemini CLI and qwen-code: the editor's state as JSON
    Block(
        ("Here is the user's editor context", "Here is a summary of changes in the user's editor context"),
        re.compile(r"[^\n]*\n```json\n(?:(?!```)[^\n]*\n)*+(?:```)?"),
        re.compile(r"\"activeFile\": ?\{\s*\"path\": ?\"([^\"\n]+)\""),
    ),
)

BLOCK_STARTS = tuple(start for block in BLOCKS for start in block.starts)

# A bare file's text after a mark with `content` goes to one of these, to the next mark, or to the end of its part.
CONTENT_ENDS = ("--- End of content ---", "--- End of file ---", "</content>")

# A part that begins with one of these is the client's own.
NOISE_STARTS = (
    "Here are summaries of some files present in my git repository",
    "Here are summaries of files present in my git repository",
    "I am not sharing any files",
    "I am not sharing the full contents",
    "I am working with you on code in a git repository",
    "I committed the changes with git hash",
    "I didn't see any properly formatted edits",
    "# AGENTS.md instructions",
    "# Project and User Instructions",
    "This is the Qwen Code. We are setting up the context",
    "This is the Gemini CLI. We are setting up the context",
    "This session is being continued from a previous conversation",
    "Caveat: The messages below were generated by the user",
    "[ERROR] You did not use a tool",
    "[TASK RESUMPTION]",
    "[Request interrupted by user",
    "[SYSTEM NOTIFICATION",
    "<session_context>",
    "I spoke to you previously about a number of things",
    "Here is the project structure",
    "Generate a title for this conversation",
)

# A result of a tool told in a user's message: `[read_file for 'a.py'] Result:` (Cline, Roo without native tools).
RESULT_START = re.compile(r"\[\w+(?: for [^\n]{0,400})?\] Result:")

# From here on a user's message is the client's reminder (aider).
TAIL = re.compile(
    r"\n(?:# (?:\*SEARCH/REPLACE block\* Rules:|File editing rules:|V4A Diff Format|Instructions for Applying Patches)"
    r"|To suggest changes to a file you MUST return (?:the entire content|a \*file listing\*)"
    r"|--------------------- END OF NEW TASK DESCRIPTION)"
)

# Up to here a user's message is the client's history (aider's request for a commit message) or example (OpenHands).
HEADS = ("\n# Diffs:\n", "- END OF EXAMPLE ---------------------\n", "- NEW TASK DESCRIPTION ---------------------\n")

# Messages that belong to the current turn wherever they stand, told by their first characters as JSON text.
PINNED = (
    "I have *added these files to the chat*",
    "I have added these files to the chat",
    "Here are some READ ONLY files",
    "These files have been *added these files to the chat*",
    "Here is the current content of the files:",
    "Image file: ",
    "PDF file: ",
    "<selected_files>",
    "<selected_code",
    "# file://",
    "# User's active selection",
)

# Of these, every line above a fence is a file's name, verbatim, and no word is the user's.
LISTINGS_OF_FILES = PINNED[:5]

# What stands in a system message that holds files which the user attached: gptel, LibreChat, Open WebUI.
IN_SYSTEM = ("Request context:", "The user has attached", "<source id=")
ATTACHED_IN_SYSTEM = re.compile(
    r"^[ \t]*(?:<filename>([^<\n]{1,400})</filename>|<source id=\"[^\"\n]{1,40}\" name=\"([^\"\n]{1,400})\")",
    re.MULTILINE,
)

# An assistant whose fenced code is run: Open Interpreter, mini-swe-agent.
RUNS_FENCES = ("Open Interpreter", "ONE bash code block")
RUN_FENCE = "mswea_bash_command"

# Whatever stands before such a message is an example (aider; avante's auto-suggestion).
BOUNDARIES = ("I switched to a new code base", "<suggestions>")

# A chat request that begins so completes code; the mark is followed by nothing of the user's.
FIM_STARTS = (
    "You are a HOLE FILLER",
    "<|fim_prefix|>",
    "<fim_prefix>",
    "<|fim_suffix|>",
    "<PRE>",
    "<｜fim▁begin｜>",  # DeepSeek's own characters
    "[SUFFIX]",
)
FIM_WITHIN = ("<contextBeforeCursor>", "{{FILL_HERE}}")

# Sections of Cline's, Roo's and Kilo's <environment_details> that name files in view.
VISIBLE_SECTIONS = re.compile(r"(?:# .{0,40}Visible Files|Visible files:)$")

# Copilot's next edit suggestions stand in one fence.
CURRENT_FILE = re.compile(r"current_file_path: *(.+)")
