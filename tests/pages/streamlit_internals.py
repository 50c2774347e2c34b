"""The private names of Streamlit's AppTest that the tests use, checked with Streamlit 1.67.0."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest
from streamlit.runtime import Runtime
from streamlit.runtime.caching.storage.dummy_cache_storage import MemoryCacheStorageManager
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.testing.v1 import app_test, local_script_runner
from streamlit.testing.v1.util import patch_config_options

USED = {
    app_test: ("Runtime", "ScriptCache", "patch_config_options"),
    local_script_runner: ("ScriptCache",),
    Runtime: ("_instance",),
}


@contextmanager
def lasting_runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """AppTest takes its runtime down after each run; sessions at once need one that stays."""
    runtime = MagicMock(spec=Runtime)
    runtime.media_file_mgr = MediaFileManager(MemoryMediaFileStorage("/mock/media"))
    runtime.cache_storage_manager = MemoryCacheStorageManager()
    monkeypatch.setattr(app_test, "Runtime", SimpleNamespace(_instance=None))
    # One cache of compiled scripts for all, behind its lock, as in a server: a cache for each
    # lets threads parse at once, which Python 3.11.7 does not always survive (gh-106905).
    compiled = ScriptCache()
    for module in (local_script_runner, app_test):
        monkeypatch.setattr(module, "ScriptCache", lambda: compiled)
    monkeypatch.setattr(Runtime, "_instance", runtime)
    with patch_config_options({"global.appTest": True}):  # and this switch must stay on, too
        monkeypatch.setattr(app_test, "patch_config_options", lambda _: nullcontext())
        yield


@contextmanager
def main_module() -> Iterator[None]:
    """Puts `__main__` back, in whose place AppTest leaves the page.

    A process that a later test starts would import that, and end before it begins.
    """
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main
