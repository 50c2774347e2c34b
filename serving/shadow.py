"""The shadow: a version that is tried out unseen answers after the answer, if nothing waits."""

from __future__ import annotations

import asyncio
import logging

from core import identify
from core.errors import AtelierError
from core.images import Picture
from core.journal import failures_kept, keep_shadow
from core.releases import following
from serving.dependencies import Service
from serving.messages.problems import Refused

log = logging.getLogger(__name__)


async def cast(of: Service, picture: Picture, model: str, prediction: int | None) -> None:
    """Has the shadow of a model, if there is one, look at a picture that was just answered.

    Args:
        prediction: Of the journal, beside which it is kept.
    """
    tried = following.follower().serving(model).challenger
    if tried is None or tried.role != "shadow" or prediction is None or not of.names.is_idle:
        return

    def answer() -> None:
        with failures_kept(model, tried.version):
            found = identify.identify(picture, model, version=tried.version, top=1)
        keep_shadow(prediction, found)

    try:
        await of.names.run(lambda _: answer(), _never)
    except Refused:
        return  # somebody was quicker
    except AtelierError:
        log.warning("The shadow %s of %s did not answer", tried.version, model)


async def _never() -> None:
    """Nobody waits for it, so nobody goes."""
    await asyncio.Event().wait()
