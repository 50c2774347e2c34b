"""The shadow: a version that is tried out unseen answers after the answer, if nothing waits."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from core import identify
from core.errors import AtelierError
from core.identify import IdentifyRequest, outline
from core.journal import failures_kept, keep_shadow
from core.releases import arms, following
from serving.dependencies import Service
from serving.engines.interface import Stopping
from serving.messages.problems import Refused

log = logging.getLogger(__name__)


async def cast(
    of: Service, picture: bytes, asked: IdentifyRequest, prediction: int | None, arm: str
) -> None:
    """Has the shadow of a model, if there is one, look at a picture that was just answered.

    Args:
        picture: Its file.
        asked: What was asked of it: the shadow sees what the visitor's version saw.
        prediction: Of the journal, beside which it is kept.
        arm: As what the visitor's version answered: one that was asked for has no shadow.
    """
    if arm == arms.FORCED:
        return
    model = asked.model
    tried = following.follower().serving(model).challenger
    if tried is None or tried.role != "shadow" or prediction is None or not of.names.is_idle:
        return

    work = partial(_answered, picture, asked, tried.version, prediction)
    try:
        await of.names.run(partial(of.engine.do, "identify", work), _never)
    except Refused:
        return  # somebody was quicker
    except AtelierError:
        log.warning("The shadow %s of %s did not answer", tried.version, model)
    except Exception:  # the visitor has their answer: a bug here must not count as theirs
        log.exception("The shadow %s of %s did not answer", tried.version, model)


def _answered(
    data: bytes, asked: IdentifyRequest, version: str, prediction: int, _: Stopping
) -> None:
    picture, _corners = outline.read(data, cut_out=asked.cut_out)
    with failures_kept(asked.model, version):
        found = identify.identify(picture, asked.model, version=version, top=1)
    keep_shadow(prediction, found)


async def _never() -> None:
    """Nobody waits for it, so nobody goes."""
    await asyncio.Event().wait()
