"""The shadow: a version that is tried out unseen answers after the answer, if nothing waits."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from core import identify, images
from core.errors import AtelierError
from core.journal import failures_kept, keep_shadow
from core.releases import following
from serving.dependencies import Service
from serving.engines.interface import Stopping
from serving.messages.problems import Refused

log = logging.getLogger(__name__)


async def cast(of: Service, picture: bytes, model: str, prediction: int | None) -> None:
    """Has the shadow of a model, if there is one, look at a picture that was just answered.

    Args:
        picture: Its file.
        prediction: Of the journal, beside which it is kept.
    """
    tried = following.follower().serving(model).challenger
    if tried is None or tried.role != "shadow" or prediction is None or not of.names.is_idle:
        return

    work = partial(_answered, picture, model, tried.version, prediction)
    try:
        await of.names.run(partial(of.engine.do, "identify", work), _never)
    except Refused:
        return  # somebody was quicker
    except AtelierError:
        log.warning("The shadow %s of %s did not answer", tried.version, model)


def _answered(data: bytes, model: str, version: str, prediction: int, _: Stopping) -> None:
    picture = images.load(data, enough=identify.ENOUGH)
    with failures_kept(model, version):
        found = identify.identify(picture, model, version=version, top=1)
    keep_shadow(prediction, found)


async def _never() -> None:
    """Nobody waits for it, so nobody goes."""
    await asyncio.Event().wait()
