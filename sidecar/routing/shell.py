"""The files that a shell command or a piece of code reads or writes."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from sidecar.routing.diffs import patch_names
from sidecar.routing.filetypes import EXTENSIONS, word_set
from sidecar.routing.names import clean, extension, is_known
from sidecar.routing.prose import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_COMMAND = 8_000
MOST_ARGUMENTS = 64

_HEREDOC = re.compile(r"<<-?\s*(['\"]?)([A-Za-z_]\w{0,40})\1")
_TOKEN = re.compile(r"'[^'\n]*'|\"(?:[^\"\\\n]|\\.)*\"|&&|\|\||[;|&\n()]|\d?>>?&?\d?|<|(?:[^\s'\"|&;()<>\\]|\\.)+|\S")
_BREAKS = frozenset({"&&", "||", ";", "|", "&", "\n", "(", ")"})
_REDIRECT = re.compile(r"\d?>>?$|&?>$")
_STRING = re.compile(r"'([^'\n]{2,300})'|\"([^\"\n]{2,300})\"")

# Programs whose arguments are listed, searched for, fetched or only printed.
LISTERS = word_set(
    """
    ls ll dir tree find fd fdfind locate which whereis echo printf cd pushd mkdir rmdir export set alias true
    npm npx pnpm yarn bun pip pip3 uv poetry brew apt apt-get dnf cargo gem curl wget ssh docker kubectl kill ps test
    """
)
# Programs whose first plain argument is a script or a pattern.
PATTERN_FIRST = word_set("sed awk gawk perl jq yq grep egrep fgrep rg ag ack")
# Programs that read, run or change what is named, whatever it is called.
READERS = word_set(
    "cat bat head tail less more nl tac wc tee vim vi nano emacs code source touch rm cp mv chmod stat file"
)
WRAPPERS = word_set("sudo env time timeout nohup exec command xargs nice bash sh zsh")
GIT_READERS = word_set("diff show blame apply checkout restore mv rm")


def command_names(command: str) -> list[str]:
    """The files that a shell command reads, writes or runs, in order; not those it lists or searches."""
    command = command[:LONGEST_COMMAND]
    if "*** Begin Patch" in command:
        return patch_names(command)
    found: list[str] = []
    for words in _simple_commands(_without_heredocs(command)):
        found += _names(words)
    return found


def _without_heredocs(command: str) -> str:
    for _ in range(20):
        match = _HEREDOC.search(command)
        if match is None:
            break
        line_end = command.find("\n", match.end())
        close = command.find("\n" + match.group(2), line_end) if line_end >= 0 else -1
        rest = command[close + 1 + len(match.group(2)) :] if close >= 0 else ""
        head = command[match.end() : line_end] if line_end >= 0 else command[match.end() :]
        command = command[: match.start()] + " " + head + "\n" + rest
    return command


def _simple_commands(command: str) -> Iterator[list[str]]:
    words: list[str] = []
    for token in _TOKEN.findall(command):
        if token in _BREAKS:
            if words:
                yield words
            words = []
        elif len(words) < MOST_ARGUMENTS:
            words.append(token)
    yield words


def _names(words: list[str]) -> list[str]:
    words, targets = _redirections(words)
    while words and (words[0] in WRAPPERS or ("=" in words[0] and not words[0].startswith("-"))):
        nested = words[0] in ("bash", "sh", "zsh") and next((w for w in words[1:] if w.startswith(("'", '"'))), None)
        if nested and "-" in words[1][:1] and "c" in words[1]:
            return command_names(nested[1:-1])
        words = words[1:]
    if not words:
        return targets
    program, arguments = words[0].rpartition("/")[2].lower(), words[1:]
    plain = [argument.strip("'\"").replace("\\ ", " ") for argument in arguments if not argument.startswith("-")]
    if program == "git":
        return [*_git(plain), *targets]
    if program in LISTERS:
        return [*(_required(arguments) if program in ("pip", "pip3", "uv") else []), *targets]
    if program in PATTERN_FIRST:
        plain = plain[1:]
    names = (_argument(argument, anything=program in READERS) for argument in plain)
    return [*(name for name in names if name), *targets]


def _redirections(words: list[str]) -> tuple[list[str], list[str]]:
    kept: list[str] = []
    targets: list[str] = []
    skip = False
    for index, word in enumerate(words):
        if skip:
            skip = False
        elif (_REDIRECT.match(word) or word == "<") and index + 1 < len(words):
            skip = True
            name = clean(words[index + 1])
            targets += [name] if name and not name.startswith(("/dev/", "$")) else []
        elif not re.match(r"\d?>", word):
            kept.append(word)
    return kept, targets


def _git(arguments: list[str]) -> list[str]:
    if not arguments or arguments[0] not in GIT_READERS:
        return []
    names = (_argument(argument, anything=False) for argument in arguments[1:])
    return [name for name in names if name]


def _required(arguments: list[str]) -> list[str]:
    names = (clean(after) for word, after in pairwise(arguments) if word in ("-r", "-c"))
    return [name for name in names if name]


def _argument(argument: str, *, anything: bool) -> str | None:
    if "*" in argument or "$(" in argument or argument.startswith(("$", "http", "s/", "+%")):
        return name_of(argument) if argument.startswith(("$HOME/", "${HOME}/")) else None
    if " " in argument:
        return (
            clean(argument)
            if anything or (extension(argument) in EXTENSIONS and "/" in argument.split(" ", 1)[0])
            else None
        )
    name = name_of(argument)
    if name is not None or not anything:
        return name
    name = clean(argument)
    return name if name and not name.isdigit() and (is_known(name) or name.isidentifier() or "/" in name) else None


def code_names(code: str) -> list[str]:
    """The files that code names as whole strings: `open("data/a.csv")`."""
    found: list[str] = []
    for match in _STRING.finditer(code[:LONGEST_COMMAND]):
        text = match.group(1) or match.group(2)
        name = clean(text)
        if (
            name
            and "://" not in text
            and extension(name) in EXTENSIONS
            and (" " not in name or "/" in name or name.count(" ") < 4)
        ):
            known = name_of(text) if " " not in text else name
            found += [known] if known else []
    return found
