"""A server of PostgreSQL for tests: Debian's, in a directory of its own, over a Unix socket."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

USER = "atelier"
_LIMIT = 60  # seconds


class NotInstalled(Exception):
    """There is no server, or no driver, here; its message says which."""


def programs() -> Path:
    """The directory of `initdb` and `postgres`, newest version.

    Raises:
        NotInstalled: If there is none, or no driver.
    """
    try:
        import psycopg  # noqa: F401
    except ImportError:
        raise NotInstalled("psycopg is not installed") from None
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    if not found:
        raise NotInstalled("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    return found[-1].parent


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Runs a server, which is gone with all it holds at the end.

    Yields:
        The URL of an empty database.

    Raises:
        NotInstalled: If there is none here.
    """
    bin, user = programs(), _user()
    directory = Path(tempfile.mkdtemp(prefix="atelier-postgresql-"))
    if user is not None:  # it refuses to run as root
        os.chown(directory, user.pw_uid, user.pw_gid)
    who = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    data = directory / "data"
    try:
        subprocess.run(
            [
                bin / "initdb",
                "-D",
                data,
                "-A",
                "trust",
                "-U",
                USER,
                "-E",
                "UTF8",
                "--no-locale",
                "-N",
            ],
            check=True,
            capture_output=True,
            cwd=directory,
            **who,
        )
        # No port: nobody else reaches it, and it meets no other server.
        options = [
            "-c",
            "listen_addresses=",
            "-k",
            directory,
            "-c",
            "max_connections=200",
            "-c",
            "fsync=off",
            "-c",
            "timezone=America/New_York",  # as that of a machine may be
        ]
        with (directory / "log").open("w") as log:
            process = subprocess.Popen(
                [bin / "postgres", "-D", data, *options],
                stdout=log,
                stderr=log,
                cwd=directory,
                **who,
            )
        try:
            _wait(process, directory)
            yield f"postgresql://{USER}@/postgres?host={directory}"
        finally:
            process.send_signal(signal.SIGINT)  # a fast shutdown, which waits for nobody
            process.wait(_LIMIT)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def create(url: str, name: str) -> str:
    """The URL of a new database on the server of this one."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return url.replace("/postgres?", f"/{name}?")


def _wait(process: subprocess.Popen[bytes], directory: Path) -> None:
    """Until it takes connections."""
    import psycopg

    until = time.monotonic() + _LIMIT
    while True:
        try:
            psycopg.connect(f"postgresql://{USER}@/postgres?host={directory}").close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > until:
                raise NotInstalled((directory / "log").read_text()) from None
            time.sleep(0.1)


def _user() -> pwd.struct_passwd | None:
    """Who runs it in place of root; None if that is who we are."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise NotInstalled("root cannot run PostgreSQL, and there is nobody else")


def _version(path: Path) -> int:
    return int(path.parents[1].name)
