"""The sidecar as three editors see it: their own capabilities, sent by a language client that checks the standard."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from lsprotocol import types
from mux import COMMAND
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities
from waiting import PATIENCE, becomes_so

EDITORS = ["visual-studio-code", "neovim", "emacs"]


@pytest.fixture(params=EDITORS)
async def editor(request, home):
    """A client with the capabilities of one editor, initialized; what it is told is kept in `told`."""
    client: Any = await ClientServerConfig([*COMMAND, "--stdio"], server_env=home.env).start()
    client.told = []
    client.feature("mux/didChangeStatus")(lambda params: _keep(client, params))
    client.feature("mux/didChange")(lambda params: _keep(client, params))
    result = await client.initialize_session(
        types.InitializeParams(
            capabilities=client_capabilities(request.param),
            root_uri="file:///home/me/proj",
            initialization_options={"workspace": "default"},
        )
    )
    assert result.server_info.name == "mux-sidecar"
    yield client
    await client.shutdown_session()
    await client.stop()


def _keep(client: Any, params: Any) -> None:
    client.told.append(params)


async def call(client: LanguageClient, method: str, **params: Any) -> Any:
    """The result of a method."""
    return await asyncio.wait_for(client.protocol.send_request_async(method, params), PATIENCE)


async def test_an_editor(editor):
    """Status, a change and its notifications reach the editor, and it meets nothing that breaks the standard."""
    status = await call(editor, "mux/status", uri="file:///home/me/proj/a.py")
    assert status.text == "default · echo/echo"
    await call(editor, "mux/workspace/add", name="work")
    switched = await call(editor, "mux/workspace/switch", name="work")
    # Its own option says `default`, which is therefore what this window goes on to show, and it says so.
    assert switched.text == "default (active: work) · echo/echo"
    await becomes_so(lambda: any(getattr(each, "text", "") == switched.text for each in editor.told))
    await becomes_so(lambda: any(getattr(each, "what", "") == "workspaces" for each in editor.told))
    assert editor.error is None
    assert editor.messages == []
    assert editor.log_messages == []


async def test_an_error(editor):
    """An error reaches the editor with its code and sentence, and no message box comes up besides."""
    with pytest.raises(Exception, match="There is no workspace 'nowhere'") as caught:
        await call(editor, "mux/workspace/switch", name="nowhere")
    assert caught.value.code == 1001
    assert editor.messages == []
