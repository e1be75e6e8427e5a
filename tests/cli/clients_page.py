"""The generated part of docs/connect.md: each client's lines. `python tests/cli/clients_page.py` writes it anew."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.clients.table import Target, clients

if TYPE_CHECKING:
    from sidecar.clients.client import Client
    from sidecar.steps import Step

PAGE = Path(__file__).parents[2] / "docs/connect.md"
BEGIN, END = "<!-- clients: generated -->\n\n", "\n\n<!-- end of clients -->"
URL = "http://localhost:8989/v1/mux"


def generated() -> str:
    """Each client with its steps, as they are on Linux."""
    return "\n\n".join(_section(client) for client in clients(Target(URL, "any", "linux")))


def written() -> str:
    """The part as it stands on the page."""
    return PAGE.read_text("utf-8").split(BEGIN)[1].split(END, maxsplit=1)[0]


def _section(client: Client) -> str:
    parts = [f"### {client.id}", f"{client.name} speaks {client.dialect}. [Its page]({client.source})"]
    parts += [_step(step) for step in client.steps]
    return "\n\n".join([*parts, *([client.note] if client.note else [])])


def _step(step: Step) -> str:
    return f"{step.do}{_where(step)}\n\n```{step.format}\n{step.lines}\n```"


def _where(step: Step) -> str:
    if step.where is None:
        return ""
    unix = [f"`{step.where.linux}`"]
    if step.where.macos != step.where.linux:
        unix.append(f"on macOS `{step.where.macos}`")
    return f" The file is {', '.join(unix)}, on Windows `{step.where.windows}`."


if __name__ == "__main__":
    before, after = PAGE.read_text("utf-8").split(BEGIN)[0], PAGE.read_text("utf-8").split(END.strip())[1]
    PAGE.write_text(f"{before}{BEGIN}{generated()}{END}{after}", "utf-8")
