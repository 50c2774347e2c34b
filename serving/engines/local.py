"""The engine that does the work in this process."""

from __future__ import annotations

import threading
from typing import TypeVar

from core import artists, identify
from core.releases import following
from serving.admission import cores
from serving.engines.interface import Place, Stopping, Work

T = TypeVar("T")


class Local:
    """See `serving.engines.interface`."""

    def __init__(self) -> None:
        """Has loaded nothing yet."""
        self._following, self._ended = threading.Lock(), False

    @property
    def most(self) -> dict[Place, int]:
        # One more than cores: a picture is decoded while another is in the network. Painting uses
        # all cores by itself.
        return {"identify": cores() + 1, "paint": 1}

    def start(self) -> None:
        artists.catalogue()
        identify.warm_up()
        with self._following:
            if not self._ended:
                following.follower().start()

    def do(self, place: Place, work: Work[T], stopping: Stopping) -> T:
        return work(stopping)

    def close(self) -> None:
        with self._following:
            self._ended = True
            following.close()
