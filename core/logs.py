"""Logging, set up once a process: text or JSON lines on stderr, and libraries kept quiet."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import json
import logging
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType, ModuleType
from typing import TextIO

from core.settings import settings

_OURS = ("core", "training", "pages", "serving")

context: ContextVar[Mapping[str, str]] = ContextVar("context", default=MappingProxyType({}))
"""What every JSON line says besides, such as the id of the HTTP request that is being answered."""


def configure(verbose: bool = False, *, level: int = logging.WARNING) -> None:
    """Sends the log to stderr, as `ATELIER_LOG_FORMAT` says. May be called again.

    Args:
        verbose: Everything from INFO on, libraries' lines and tracebacks of incidents included.
            Else only what this project says from `level` on, without tracebacks, and errors of
            libraries: who uses the command line is told of an incident in a sentence.
        level: What this project says at least.
    """
    if not verbose:
        hush_tensorflow()
    handler = _Stderr()
    handler.setFormatter(_formatter(verbose))
    if not verbose:
        handler.addFilter(_Chosen(level))
    _install(handler, logging.INFO if verbose else level)


def configure_application() -> None:
    """The log of the application and of the service: all tracebacks, libraries from WARNING on."""
    if any(isinstance(handler, _Stderr) for handler in logging.getLogger().handlers):
        return  # Streamlit runs its entry again and again
    hush_tensorflow()  # what it says on some processors is no JSON, and nobody's warning
    handler = _Stderr()
    handler.setFormatter(_formatter(detailed=True))
    _install(handler, logging.INFO)


def hush_tensorflow() -> None:
    """Has TensorFlow say nothing about itself. To be called before it is imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "tensorflow" not in sys.modules and not any(isinstance(f, _Hush) for f in sys.meta_path):
        sys.meta_path.insert(0, _Hush())


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to what `sys.stderr` is at the moment, which tests replace."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


class _Chosen(logging.Filter):
    """Lets ours through from a level on, and errors of others."""

    def __init__(self, level: int) -> None:
        super().__init__()
        self._level = level

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == "core.errors":  # who asked has the sentence
            return False
        ours = record.name.partition(".")[0] in _OURS
        return record.levelno >= (self._level if ours else logging.ERROR)


class _Plain(logging.Formatter):
    """The message alone."""

    def format(self, record: logging.LogRecord) -> str:
        return record.getMessage()


class _Json(logging.Formatter):
    """One JSON object a line; `extra={"fields": {...}}` of a record adds to it."""

    def __init__(self, detailed: bool) -> None:
        super().__init__()
        self._detailed = detailed

    def format(self, record: logging.LogRecord) -> str:
        row = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **context.get(),
            **getattr(record, "fields", {}),
        }
        if self._detailed and record.exc_info:
            row["traceback"] = self.formatException(record.exc_info)
        return json.dumps(row)


def _formatter(detailed: bool) -> logging.Formatter:
    if settings().log_format == "json":
        return _Json(detailed)
    if detailed:
        return logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    return _Plain()


def _install(handler: logging.Handler, level: int) -> None:
    """In place of what was installed earlier. Other people's handlers stay."""
    root = logging.getLogger()
    for old in [each for each in root.handlers if isinstance(each, _Stderr)]:
        root.removeHandler(old)
    root.addHandler(handler)
    logging.captureWarnings(True)
    for name in _OURS:  # WARNING is what they inherit
        logging.getLogger(name).setLevel(level if level < logging.WARNING else logging.NOTSET)


class _Hush(importlib.abc.MetaPathFinder):
    """Imports TensorFlow with stderr put aside.

    What its libraries say while they are loaded comes from C++, before any setting is heard:
    only the file descriptor can be turned away.
    """

    _looking = False

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != "tensorflow" or self._looking:
            return None
        self._looking = True  # who only asks whether it is there must not end this
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._looking = False
        if spec is not None and spec.loader is not None:
            spec.loader = _HushedLoader(spec.loader)
        return spec


class _HushedLoader(importlib.abc.Loader):
    def __init__(self, loader: importlib.abc.Loader) -> None:
        self._loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        with stderr_aside():
            self._loader.exec_module(module)


@contextmanager
def stderr_aside() -> Iterator[None]:
    """Keeps the process's stderr back, and gives it out only if there is an error."""
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # there is none
        yield
        return
    try:
        with tempfile.TemporaryFile() as aside:
            os.dup2(aside.fileno(), 2)
            try:
                yield
            except Exception:
                os.dup2(kept, 2)
                aside.seek(0)
                os.write(2, aside.read())
                raise
            finally:
                os.dup2(kept, 2)
    finally:
        os.close(kept)
