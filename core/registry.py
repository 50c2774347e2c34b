"""Tables whose rows are added by the modules that they are about, by extensions, too."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import TypeVar

from core import extensions
from core.errors import UnknownName

Row = TypeVar("Row")


class Registry(Mapping[str, Row]):
    """A mapping from names to rows, complete whenever it is read.

    What ships is there even if an extension cannot be imported.

    Args:
        kind: What a row is, for messages.
        home: The module whose import adds the rows that ship.
    """

    def __init__(self, kind: str, home: str) -> None:
        self._kind, self._home = kind, home
        self._rows: dict[str, Row] = {}
        self._origins: dict[str, object] = {}

    def add(self, name: str, row: Row, origin: object) -> None:
        """Adds a row.

        Args:
            origin: Of what it was made: the same may add it again, as a module does that is
                imported once more after a change.

        Raises:
            ValueError: If the name is another's.
        """
        if self._origins.setdefault(name, origin) != origin:
            raise ValueError(f"There is a {self._kind} {name!r} already: choose another name")
        self._rows[name] = row

    def __getitem__(self, name: str) -> Row:
        """The row of a name.

        Raises:
            UnknownName: If there is none; the message lists the names there are.
            core.extensions.ExtensionError: If it may be an extension's that cannot be imported.
        """
        importlib.import_module(self._home)
        if name not in self._rows and name not in self._complete():
            known = ", ".join(self._rows)
            raise UnknownName(f"No {self._kind} {name!r}; there are: {known}.")
        return self._rows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._complete()))

    def __len__(self) -> int:
        return len(self._complete())

    def _complete(self) -> dict[str, Row]:
        importlib.import_module(self._home)
        extensions.load()
        return self._rows
