"""How far a request is looked through for its files."""

from __future__ import annotations

from typing import NamedTuple

from sidecar.routing.words import Matters


class Costly(Exception):
    """Finding the files would take about a millisecond or more, so that it belongs into a thread."""


class Look(NamedTuple):
    """With `matters` (`rules.sift`), names in plain words are sought only where a rule may take one.

    Texts of more than `most` bytes that were not seen before are not read.
    """

    matters: Matters | None = None
    most: int | None = None

    def check(self, size: int) -> None:
        """Whether a text of so many bytes may be read.

        Raises:
            Costly: it is too large.
        """
        if self.most is not None and size > self.most:
            raise Costly


WHOLE = Look()
