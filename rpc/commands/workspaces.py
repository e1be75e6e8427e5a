"""The commands for workspaces."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rpc.commands.talk import NotGiven, Outcome

if TYPE_CHECKING:
    from rpc.commands import params as given
    from rpc.commands.talk import Talk

DEFAULT = "default"
_LONGEST = 64
_ONLY_DEFAULT = "There is only the workspace default; add another with the command mux.addWorkspace."


async def switch(talk: Talk, asked: given.Named) -> Outcome:
    """Makes a workspace the active one."""
    name = asked.name or await talk.workspace(
        "Which workspace is to be active?", "name", lambda each: not each.active, _ONLY_DEFAULT
    )
    status = await talk.call("mux/workspace/switch", name=name)
    now = next(each for each in await talk.call("mux/workspace/list") if each.active)
    return Outcome(status, f"The workspace {now.name} is active; its model is {now.default or 'not chosen yet'}.")


async def add(talk: Talk, asked: given.WorkspaceAdd) -> Outcome:
    """Adds a workspace."""
    name = asked.name or await _new_name(talk, "What is the new workspace called?", "name")
    added = await talk.call("mux/workspace/add", name=name, copyFrom=asked.copy_from)
    copied = f" with the rules of {asked.copy_from}" if asked.copy_from else ""
    return Outcome(added, f"Added the workspace {added.name}{copied}.")


async def rename(talk: Talk, asked: given.WorkspaceRename) -> Outcome:
    """Renames a workspace."""
    name = asked.name or await _other_than_default(talk, "Rename which workspace?")
    new = asked.new_name or await _new_name(talk, f"What is {name} to be called?", "newName")
    renamed = await talk.call("mux/workspace/update", name=name, newName=new)
    return Outcome(renamed, f"The workspace {name} is called {renamed.name} now.")


async def remove(talk: Talk, asked: given.Named) -> Outcome:
    """Removes a workspace; asks once more where it was picked from a list."""
    name = asked.name
    if not name:
        name = await _other_than_default(talk, "Remove which workspace?")
        await talk.confirm(f"Remove the workspace {name} with its rules?", "Remove")
    await talk.call("mux/workspace/remove", name=name)
    return Outcome(None, f"Removed the workspace {name}.")


async def _other_than_default(talk: Talk, sentence: str) -> str:
    return await talk.workspace(sentence, "name", lambda each: each.name != DEFAULT, _ONLY_DEFAULT)


async def _new_name(talk: Talk, sentence: str, missing: str) -> str:
    """A name that is free: editors can offer answers and take no text, so the window's folders stand for it."""
    taken = {each.name.casefold() for each in await talk.call("mux/workspace/list")}
    names = [name for name in map(_as_name, talk.window.folders) if name and name.casefold() not in taken]
    if not names:
        raise NotGiven(f"Give the name as an argument, such as {{{missing!r}: 'client'}}.".replace("'", '"'))
    return await talk.choose(sentence, {name: name for name in names}, missing)


def _as_name(folder: str) -> str:
    """The folder's own name as a workspace's."""
    last = folder.rstrip("/\\").replace("\\", "/").rpartition("/")[2]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", last).strip("-._")[:_LONGEST]
