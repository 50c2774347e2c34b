"""The connection to a Ray cluster, or to one that is started here and lets nobody else in.

Whoever reaches a cluster runs code on it: none answers without its token. The nodes of one that is
started here listen on loopback only; replicas of Ray Serve listen on all addresses.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
from pathlib import Path
from types import ModuleType

from core import settings as ours
from core.errors import AtelierError
from core.settings import ROOT, settings

_SET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # Between handles and replicas: pictures do not go through the object store.
    "RAY_SERVE_USE_GRPC_BY_DEFAULT": "1",
}
# Then a node listens on loopback, on Linux, too, despite the name, and is looked for there. Given
# 127.0.0.1 as an address, Ray would take the one by which others reach the machine.
_ALONE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
_HERE = re.compile(r"|auto|(127\.0\.0\.1|localhost)(:\d+)?")  # addresses of this machine
_TOKEN = Path("~/.ray/auth_token")  # where Ray itself looks for one


class RayMissing(AtelierError, ImportError):
    """Ray is not installed."""

    code = "ray-missing"


class NoCluster(AtelierError, ConnectionError):
    """There is no cluster at an address, or none can be started. Its message is one sentence."""

    code = "no-cluster"


def required() -> ModuleType:
    """Ray.

    Raises:
        RayMissing: If it is not installed.
    """
    # All of it is read when Ray is imported.
    address = settings().ray_address
    for name, value in (_SET | _ALONE if _HERE.fullmatch(address) else _SET).items():
        os.environ.setdefault(name, value)
    os.environ["RAY_AUTH_MODE"] = "token"  # whatever it was: without it anybody could run code
    is_known = os.environ.get("RAY_AUTH_TOKEN_PATH") or _TOKEN.expanduser().exists()
    if not address and not is_known:
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    try:
        import ray
    except ImportError as error:
        raise RayMissing(
            "This needs Ray: pip install -r requirements-ray.txt installs it."
        ) from error
    return ray


def connect(cpus: float, *, told: bool = False) -> None:
    """Connects to the cluster at ATELIER_RAY_ADDRESS, or starts one here; once a process.

    Args:
        cpus: What one that is started here is to have, in Ray's own count: it may be more than
            there are cores, which then are shared.
        told: Whether what its processes say on stderr is said here, too.

    Raises:
        RayMissing: If there is no Ray.
        NoCluster: If there is no cluster.
    """
    ray = required()
    if ray.is_initialized():
        return
    address = settings().ray_address
    usual = {"log_to_driver": told, "configure_logging": False, "namespace": "atelier"}
    try:
        if address:
            ray.init(address, **usual)
            return
        ray.init(
            "local",
            num_cpus=cpus,
            include_dashboard=False,
            object_store_memory=settings().ray_object_store,
            **usual,
        )
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        logging.getLogger(__name__).info("Ray: %r", error)
        where = f"at {address}" if address else "here"
        raise NoCluster(f"There is no Ray cluster {where}: {_first(error)}.") from error


def environment(threads: int) -> dict[str, str]:
    """What processes on a cluster are started with: our settings, and how many threads they use."""
    return ours.environment() | {
        "ATELIER_THREADS": str(threads),
        "OMP_NUM_THREADS": str(threads),
        "TF_NUM_INTRAOP_THREADS": str(threads),
        "TF_NUM_INTEROP_THREADS": "2",
        "PYTHONPATH": str(ROOT),
    }


def _first(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
