"""Clips that are broken in every way a file can be, endless and the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.core.film import scenes

_NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def originals(directory: Path) -> dict[str, bytes]:
    """Small valid clips of every kind."""
    frames = [scenes.scene(number, 32, 48) for number in range(6)]
    made = {
        "mp4": scenes.write(directory / "a.mp4", frames=frames, sound="aac"),
        "mov": scenes.write(directory / "b.mov", frames=frames, sound="pcm_s16le", rotation=90),
        "webm": scenes.write(
            directory / "c.webm", frames=frames, codec="libvpx-vp9", sound="libopus", rate=48_000
        ),
        "gif": scenes.gif(directory / "d.gif", transparent=True, size=(40, 30)),
    }
    return {name: path.read_bytes() for name, path in made.items()}


def cases(files: dict[str, bytes], seed: int) -> Iterator[tuple[str, bytes]]:
    """Mutations by turns: bytes, numbers, what is missing, doubled, or put from one to another."""
    rng = np.random.default_rng(seed)
    kinds = list(files)
    count = 0
    while True:
        name = kinds[count % len(kinds)]
        data = files[name]
        way = ("flip", "number", "cut", "repeat", "swap", "zeros")[count // len(kinds) % 6]
        yield f"{count} {name} {way}", _mutated(rng, data, files[kinds[count % 3]], way)
        count += 1


def _mutated(rng: np.random.Generator, data: bytes, other: bytes, way: str) -> bytes:
    place = int(rng.integers(8, len(data)))
    length = int(rng.integers(1, max(2, len(data) // 4)))
    if way == "flip":
        edited = np.frombuffer(data, np.uint8).copy()
        places = rng.integers(8, len(data), int(rng.integers(1, 33)))
        edited[places] = rng.integers(0, 256, len(places))
        return edited.tobytes()
    if way == "number":
        # Headers of MP4 stand at the end: half of all are set there.
        start = (
            int(rng.integers(8, 700))
            if rng.random() < 0.5
            else len(data) - int(rng.integers(8, min(2000, len(data) - 8)))
        )
        value = int(rng.choice(_NUMBERS)).to_bytes(4, "big" if rng.random() < 0.5 else "little")
        return data[:start] + value + data[start + 4 :]
    if way == "cut":
        return data[:place]
    if way == "repeat":
        return data[:place] + data[max(0, place - length) : place] * 3 + data[place:]
    if way == "swap":
        return data[:place] + other[place : place + length] + data[place + length :]
    return data[:place] + bytes(length) + data[place + length :]
