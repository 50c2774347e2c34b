"""Kills releases of models in mid-command, again and again, and looks at what state they leave.

    python -m tests.load.kill_releases --kills 100
    python -m tests.load.kill_releases --kills 100 --postgresql
    python -m tests.load.kill_releases --kills 100 --url postgresql://me@host/database

Releases, canaries, promotions and rollbacks are each asked for by a process of their own, which is
killed (`kill -9`) at a random point between its start and a little after its end. After each kill
the rows of before must all be there as they were, with at most the one that was asked for behind
them, whole; a process that reads them anew must say the same as one that has followed them all
along; and the next command must be able to go on. Exit status 1 if not.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from core import models
from core.models import versions
from core.releases import rows, state
from core.releases.state import State
from core.settings import ROOT, settings
from tests import postgresql
from tests.versions import make

_MODEL = models.DEFAULT

# What a process does once all is imported, so that kills meet the transaction, too.
_PREPARED = """
import sys
from core.releases import rows
rows.newest()
print("ready", flush=True)
sys.stdin.readline()
getattr(rows, sys.argv[1])(*sys.argv[2:4], *map(float, sys.argv[4:]), who="killed")
print("done", flush=True)
"""


def choose(now: State, known: list[str]) -> list[str]:
    """A command that makes sense now, as the name of a function and what it is called with."""
    able = ["release", "canary"]
    if now.challenger:
        able.append("promote")
    if now.challenger or now.champions:
        able.append("rollback")
    kind = random.choice(able)
    if kind in ("promote", "rollback"):
        return [kind, _MODEL]
    serving = now.champion or known[0]
    others = [each for each in known if each != serving]
    version = random.choice(others)
    return [kind, _MODEL, version, *([str(random.random())] if kind == "canary" else [])]


def by_command(asked: list[str], typical: float) -> subprocess.Popen[str]:
    """The command itself, from its first import on; killed anywhere in it."""
    kind, *given = asked
    share = ["--share", given.pop()] if kind == "canary" else []
    line = [sys.executable, "-m", "operations", kind, *given, *share, "--who", "killed"]
    process = subprocess.Popen(
        line, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True
    )
    time.sleep(random.uniform(0, typical))
    return process


def by_function(asked: list[str], typical: float) -> subprocess.Popen[str]:
    """What the command does, in a process that waits with everything imported."""
    process = subprocess.Popen(
        [sys.executable, "-c", _PREPARED, *asked],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("\n")
    process.stdin.flush()
    time.sleep(random.uniform(0, typical))
    return process


def durations(known: list[str]) -> dict[str, float]:
    """Seconds from start to end of what is to be killed, and some more: it may just have ended."""
    found = {}
    for name, start in (("command", by_command), ("function", by_function)):
        started = time.perf_counter()
        process = start(["release", _MODEL, known[1]], 0)
        if process.stdout:
            started = time.perf_counter()
            process.stdout.readline()
        else:
            process.wait()
        found[name] = 1.4 * (time.perf_counter() - started)
        process.wait()
        rows.rollback(_MODEL, who="between")
    return found


def run(kills: int) -> bool:
    """Prints what came of it; whether all is as it must be."""
    random.seed(0)
    known = [versions.shipped(_MODEL).id, *(make(float(n)).id for n in range(3, 7))]
    typical = durations(known)
    before, began = rows.history()[::-1], time.monotonic()
    now, kept, wrong = rows.current(_MODEL), Counter[str](), list[str]()
    for number in range(kills):
        asked = choose(now, known)
        way = ("command", "function")[number % 2]
        process = (by_command, by_function)[number % 2](asked, typical[way])
        process.send_signal(signal.SIGKILL)
        process.communicate()
        found = rows.history()[::-1]
        added = found[len(before) :]
        if [row.as_dict() for row in found[: len(before)]] != [row.as_dict() for row in before]:
            wrong.append(f"{asked}: rows of before were changed")
        if len(added) > 1 or any(not _is_asked(row, asked) for row in added):
            wrong.append(f"{asked}: added {[row.as_dict() for row in added]}")
        kept[f"{way}, {'kept' if added else 'not kept'}"] += 1
        now = state.after(added, now)
        if _anew() != now:
            wrong.append(f"{asked}: {now} by what was followed, another when read anew")
        before = found
        if (number + 1) % 20 == 0:
            print(f"{number + 1} kills, {time.monotonic() - began:.0f} s", flush=True)
    last = rows.release(_MODEL, known[1 + (now.champion == known[1])], who="after")
    if rows.current(_MODEL).champion != last.version:
        wrong.append("after all kills, a release does not serve")
    figures = {
        "kills": kills,
        **kept,
        "rows": len(before),
        "wrong": wrong,
        "seconds": round(time.monotonic() - began),
    }
    print(json.dumps(figures, indent=2))
    return not wrong


def _is_asked(row: rows.Release, asked: list[str]) -> bool:
    role = {"release": "champion", "promote": "champion", "rollback": "retired"}
    matches = row.role == role.get(asked[0], "canary") and row.model == _MODEL
    return matches and row.who == "killed" and (len(asked) == 2 or row.version == asked[2])


def _anew() -> State:
    """The state as `python -m operations history` of another process gives it."""
    line = [sys.executable, "-m", "operations", "history", _MODEL, "--json"]
    done = subprocess.run(line, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    listed = [rows.Release(**json.loads(each)) for each in done.stdout.splitlines()]
    return state.after(listed[::-1])


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description="Kills releases in mid-command.")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--url", help="the database; by default a new one of SQLite")
    parser.add_argument("--postgresql", action="store_true", help="a new server of PostgreSQL")
    chosen = parser.parse_args()
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = chosen.url or f"sqlite:///{directory}/journal.db"
        if chosen.postgresql:
            url = stack.enter_context(postgresql.server())
        os.environ["ATELIER_JOURNAL_URL"] = url
        os.environ["ATELIER_VERSIONS"] = str(directory / "versions")
        settings.cache_clear()
        sys.exit(not run(chosen.kills))


if __name__ == "__main__":
    main()
