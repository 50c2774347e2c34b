"""A Python process that runs one function, spoken to over a socket.

`multiprocessing` would import `__main__` again, which is Streamlit under Streamlit and pytest in
tests. It would hand over our standard streams, too: this process has none but stderr.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from core.settings import ROOT

_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from core.processes import child; child.run(*sys.argv[2:])"
)


@dataclass(frozen=True)
class Child:
    """A process, and our end of the socket to it. When ours closes, it reads the end of its input.

    Ours closes with this process, however that ends.
    """

    process: subprocess.Popen[bytes]
    socket: socket.socket

    def kill(self) -> None:
        """Ends it at once, whatever it is doing."""
        self.process.kill()
        self.process.wait()
        self.socket.close()


def start(function: str, environment: Mapping[str, str] | None = None) -> Child:
    """Starts a process that calls a function with its end of a socket.

    It has our directory, `sys.path` and environment. It hears no Ctrl-C: that is for this process.

    Args:
        function: `package.module:name`, which takes a `socket.socket`.
        environment: Variables that differ from ours.

    Raises:
        OSError: If no process can be started.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    _BOOT,
                    json.dumps([*sys.path, str(ROOT)]),
                    function,
                    str(theirs.fileno()),
                ],
                env=os.environ | dict(environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        except BaseException:
            ours.close()
            raise
    return Child(process, ours)


def run(function: str, descriptor: str) -> None:
    """Calls the function; this is where the process begins."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    module, _, name = function.partition(":")
    with socket.socket(fileno=int(descriptor)) as theirs:
        theirs.set_inheritable(False)
        getattr(importlib.import_module(module), name)(theirs)
