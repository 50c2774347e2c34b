"""Modules from outside the tree that add networks, recipes and tasks: those the keeper names."""

from __future__ import annotations

import importlib
import logging
import threading

from core.errors import AtelierError
from core.settings import settings

log = logging.getLogger(__name__)


class ExtensionError(AtelierError, ImportError):
    """A module of `ATELIER_EXTENSIONS` that cannot be imported. Its message is one sentence."""

    code = "extension"


def load() -> None:
    """Imports the modules that `ATELIER_EXTENSIONS` names, each once a process.

    Raises:
        ExtensionError: If one of them cannot be imported.
    """
    with _loading:
        for name in filter(None, map(str.strip, settings().extensions.split(","))):
            if name in _loaded:
                continue
            _loaded.add(name)  # before the import: the module may read a registry itself
            try:
                importlib.import_module(name)
            except Exception as error:
                _loaded.discard(name)
                log.exception("The extension %s cannot be imported", name)
                raise ExtensionError(
                    f"The module {name} that ATELIER_EXTENSIONS names cannot be imported: {error}."
                ) from error


_loaded: set[str] = set()
_loading = threading.RLock()
