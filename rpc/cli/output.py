"""What a command prints: JSON as the contract spells it, or a table aligned for whoever reads it."""

from __future__ import annotations

import shutil
import sys
import textwrap
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.table import Table as RichTable

F = TypeVar("F", bound="Callable[..., Any]")

GAP = "  "
LEGIBLE = 8  # letters that a column on a terminal has at least, if its cells have them


@dataclass(frozen=True)
class Table:
    """Rows of text under their titles.

    The columns in `right` hold numbers; the last column, where it is `optional`, is left out while it is empty.
    """

    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    right: frozenset[str] = frozenset()
    optional: str | None = None


def json_option(command: F) -> F:
    """The option `--json`, as the parameter `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON with the names of the JSON-RPC results.")(
        command
    )


def print_json(value: object, *, compact: bool = False) -> None:
    """Print a value as JSON: indented by two, or on a line of its own."""
    import msgspec  # noqa: PLC0415 - start-up: `--help` and completion print none

    encoded = msgspec.json.encode(value)
    click.echo(encoded if compact else msgspec.json.format(encoded, indent=2))


def print_table(table: Table) -> None:
    """Print the table: with rich on a terminal, else in plain aligned columns without colour."""
    if table.columns[-1] == table.optional and not any(row[-1] for row in table.rows):
        table = Table(table.columns[:-1], [row[:-1] for row in table.rows], table.right)
    if sys.stdout.isatty():
        _print_rich(table)
    else:
        for line in aligned(table):
            click.echo(line)


def wrapped(line: str, indent: str) -> str:
    """The line, indented; on a terminal in as many as its width takes, those after the first indented twice."""
    if not sys.stdout.isatty():
        return f"{indent}{line}"
    width = shutil.get_terminal_size().columns
    return textwrap.fill(line, width, initial_indent=indent, subsequent_indent=indent * 2, break_on_hyphens=False)


def hint(text: str) -> None:
    """Say the next step on standard error, where no pipe reads it."""
    click.echo(text, err=True)


def cell(value: object) -> str:
    """A value as the text of a cell: nothing for None, and no control characters, which a provider could have sent."""
    if value is None:
        return ""
    return "".join(c if c.isprintable() else "\ufffd" for c in str(value))


def word(name: str) -> str:
    """A provider's name as one word of a command, for a hint: names may hold blanks, and no quotes."""
    return f'"{cell(name)}"' if " " in name else cell(name)


def counted(count: int, noun: str) -> str:
    """How many there are: `1 rule`, `2 rules`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def number(value: float | None, pattern: str = ",") -> str:
    """A number by a format of `format()`, or nothing for an unknown one."""
    return "" if value is None else format(value, pattern)


def aligned(table: Table, widths: Sequence[int] = ()) -> list[str]:
    """The table's lines, titles first, each column as wide as its widest cell and as `widths` at least."""
    lines = [table.columns, *table.rows]
    least = list(widths) or [0] * len(table.columns)
    widest = [max(least[i], *(_width(line[i]) for line in lines)) for i in range(len(table.columns))]
    return [_line(table, line, widest) for line in lines]


def _line(table: Table, cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = []
    for title, text, width in zip(table.columns, cells, widths, strict=True):
        space = " " * (width - _width(text))
        padded.append(space + text if title in table.right else text + space)
    return GAP.join(padded).rstrip()


def _width(text: str) -> int:
    """How many columns of a terminal the text takes (Unicode Standard Annex 11)."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) != 0 for c in text)


def _print_rich(table: Table) -> None:
    from rich.console import Console  # noqa: PLC0415 - 80 ms that only a terminal needs

    console = Console(highlight=False)
    console.print(_drawn(table) if _least_width(table) <= console.width else _records(table))


def _least_width(table: Table) -> int:
    """The columns of a terminal below which a column of the table would be too narrow to read."""
    widths = (max(map(_width, cells)) for cells in zip(table.columns, *table.rows, strict=True))
    return sum(min(width, LEGIBLE) for width in widths) + len(GAP) * (len(table.columns) - 1)


def _drawn(table: Table) -> RichTable:
    from rich.table import Table as RichTable  # noqa: PLC0415 - start-up, as above
    from rich.text import Text  # noqa: PLC0415 - the same

    drawn = RichTable(box=None, pad_edge=False, header_style="bold")
    for title in table.columns:
        drawn.add_column(title, justify="right" if title in table.right else "left", overflow="fold")
    for row in table.rows:
        drawn.add_row(*(Text(text) for text in row))  # Text: a `[` in a file's name is no markup
    return drawn


def _records(table: Table) -> RichTable:
    """A line for each cell that is not empty, behind its column's title; a blank one between rows."""
    from rich.table import Table as RichTable  # noqa: PLC0415 - start-up, as above
    from rich.text import Text  # noqa: PLC0415 - the same

    drawn = RichTable(box=None, pad_edge=False, show_header=False)
    drawn.add_column(style="bold", no_wrap=True)
    drawn.add_column(overflow="fold")
    for number_, row in enumerate(table.rows):
        if number_:
            drawn.add_row()
        for title, text in zip(table.columns, row, strict=True):
            if text:
                drawn.add_row(title, Text(text))
    return drawn
