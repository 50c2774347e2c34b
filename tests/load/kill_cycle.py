"""A retraining for real: with a new artist, with labels shuffled, and killed again and again.

    python -m tests.load.kill_cycle --data DATA --home EMPTY [--artists 10] [--kills 10]

Of the artists with the most paintings one is held back, and so is a tenth of the training paintings
of the others: the new data. A Custom CNN of few pixels and epochs is trained on the rest, published
and released. Then `operations cycle --promote` retrains it with the new data:

1. with the labels of the new data shuffled it must refuse (exit status 3);
2. left alone it promotes or refuses by its figures;
3. from the same beginning, killed (`kill -9`) at random moments, the training with it or left
   behind, it must end as it did when left alone: the same version, the same figures.

Prints one JSON object; the reports stay in HOME. Exit status 1 if anything was not as it must be.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from core.settings import ROOT

_MODEL = "custom_cnn_improved"
_LIMIT = 3600  # seconds for one command


def divide(data: Path, home: Path, count: int) -> dict[str, Path]:
    """Directories `old`, `new` and `shuffled`, with an index each."""
    with (data / "index.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["artist"] != "_other"]
    counted = Counter(row["artist"] for row in rows if row["split"] == "train")
    known = [name for name, _ in counted.most_common(count)]
    chance = random.Random(0)
    parts: dict[str, list[dict[str, str]]] = {"old": [], "new": []}
    for row in rows:
        if row["artist"] in known:
            held = row["artist"] == known[-1]
            tenth = row["split"] == "train" and chance.random() < 0.1
            parts["new" if held or tenth else "old"].append(row)
    names = [row["artist"] for row in parts["new"]]
    chance.shuffle(names)
    parts["shuffled"] = [
        row | {"artist": name} for row, name in zip(parts["new"], names, strict=True)
    ]
    for part, listed in parts.items():
        for row in listed:
            target = home / part / row["file"]
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(data / row["file"], target)
        with (home / part / "index.csv").open("w", newline="", encoding="utf-8") as file:
            out = csv.DictWriter(file, ["file", "artist", "split"], extrasaction="ignore")
            out.writeheader()
            out.writerows(listed)
    return {part: home / part for part in parts}


class Place:
    """A directory with a journal and versions of its own, in which commands are given."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = os.environ | {
            "ATELIER_JOURNAL_URL": f"sqlite:///{home / 'journal.db'}",
            "ATELIER_VERSIONS": str(home / "versions"),
        }

    def start(self, *words: str) -> subprocess.Popen[str]:
        """A command, in a session of its own, so that its children can die with it."""
        with (self.home / "commands.log").open("a") as log:
            return subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=ROOT,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )

    def run(self, *words: str) -> tuple[int, str]:
        """Exit status and output of a command."""
        process = self.start(*words)
        output, _ = process.communicate(timeout=_LIMIT)
        return process.returncode, output

    def succeed(self, *words: str) -> str:
        """Output of a command that must end well."""
        status, output = self.run(*words)
        if status:
            sys.exit(f"{' '.join(words)}: status {status}, see {self.home / 'commands.log'}")
        return output


def begin(place: Place, old: Path, changes: list[str]) -> None:
    """Trains what serves first, and releases it."""
    run = str(place.home / "first")
    place.succeed("training", "classifier", _MODEL, "--data", str(old), "--run", run, "--no-card",
                  *changes)  # fmt: skip
    named = ["--name", _MODEL, "--title", "Custom CNN", "--version", "first"]
    side = ["--side", next(change.split("=")[1] for change in changes if "shown=" in change)]
    place.succeed("training", "publish", run, "--data", str(old), *named, *side, "--beside")
    listed = _lines(place.succeed("operations", "versions", _MODEL, "--json"))
    first = next(each["version"] for each in listed if not each["ships"])
    place.succeed("operations", "release", _MODEL, first, "--reason", "before the new data")


def killed(place: Place, cycle: list[str], kills: int, seconds: float) -> list[str]:
    """Kills a cycle at random moments; says at which steps."""
    found = []
    for number in range(kills):
        process = place.start(*cycle)
        try:
            process.wait(random.uniform(2, 2.5 * seconds / kills))
        except subprocess.TimeoutExpired:
            if number % 2:
                process.send_signal(signal.SIGKILL)  # its training goes on
            else:
                os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        record = place.home / "run" / "cycle.json"
        steps = json.loads(record.read_text())["steps"] if record.exists() else {}
        found.append(next(reversed(steps), "nothing"))
        print(f"kill {number + 1}, after {found[-1]}", file=sys.stderr, flush=True)
    return found


def outcome(place: Place) -> dict[str, Any]:
    """What a cycle came to, without what may differ: its id, and paths."""
    steps = json.loads((place.home / "run" / "cycle.json").read_text())["steps"]
    log = _lines(place.succeed("operations", "history", _MODEL, "--json"))
    kept = ("validate", "add", "publish", "compare")
    return {
        "steps": {name: step for name, step in steps.items() if name in kept},
        "released": [[row["version"], row["role"], row["share"]] for row in log],
    }


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def run(data: Path, home: Path, options: argparse.Namespace) -> bool:
    """Prints what came of it; whether all is as it must be."""
    random.seed(0)
    parts = divide(data, home, options.artists)
    changes = ["phases=[]", 'teacher=""', f"epochs={options.epochs}", f"shown={options.side}"]
    changes = [
        word for each in [*changes, f"sizes=[[0.0,{options.side}]]"] for word in ("--set", each)
    ]
    first = Place(home / "left-alone")
    first.home.mkdir()
    begin(first, parts["old"], changes)
    second = Place(home / "killed")
    shutil.copytree(first.home, second.home)

    def cycle(place: Place, new: str, record: str = "run") -> list[str]:
        where = ["--data", str(parts["old"]), "--new", str(parts[new])]
        where += ["--run", str(place.home / record), "--margin", str(options.margin)]
        return ["operations", "cycle", *where, "--promote", "--json", *changes]

    refused, said = first.run(*cycle(first, "shuffled", "shuffled"))
    started = time.monotonic()
    status, told = first.run(*cycle(first, "new"))
    seconds = time.monotonic() - started
    moments = killed(second, cycle(second, "new"), options.kills, seconds)
    again, _ = second.run(*cycle(second, "new"))
    alone, interrupted = outcome(first), outcome(second)
    found = {
        "shuffled": {"status": refused, "refusals": json.loads(said)["refusals"]},
        "left_alone": {"status": status, "seconds": round(seconds), **json.loads(told)},
        "accuracy": alone["steps"]["compare"]["frozen"]["accuracy"],
        "difference": alone["steps"]["compare"]["frozen"]["difference"],
        "killed": {"status": again, "after": moments, "same": alone == interrupted},
    }
    print(json.dumps(found, indent=2))
    return refused == 3 and status in (0, 3) and again == status and alone == interrupted


def main() -> None:
    """Reads the options and runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--artists", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--margin", type=float, default=0.1)
    options = parser.parse_args()
    options.home.mkdir(parents=True, exist_ok=True)
    sys.exit(0 if run(options.data.resolve(), options.home.resolve(), options) else 1)


if __name__ == "__main__":
    main()
