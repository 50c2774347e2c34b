"""Identification for visitors: the models, an answer, its heat map, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from core import artists, identify, images, models
from core.identify import Guess, Identification
from core.models import versions
from core.releases import following
from core.settings import settings
from pages.components.ui import heat
from pages.components.ui.uploads import Given
from pages.components.work import ask, is_service

if TYPE_CHECKING:
    from serving.client import Client

# The journal takes long to import, and is needed only when somebody is answered here.

MOST_NAMES = 10
_STAYS = 30  # seconds for which it is believed which models a service has


@dataclass(frozen=True)
class Offered:
    """A classifier that answers visitors.

    Attributes:
        figures: Of the version that serves, from its evaluation.
        total_bytes: Of its files.
    """

    id: str
    title: str
    figures: dict[str, Any]
    total_bytes: int


@dataclass(frozen=True)
class Answer:
    """What a visitor is answered.

    Attributes:
        prediction_id: In the journal of who has answered; None if that could not be written.
        by_service: Whether a service has.
        kept_days: For how many days it then keeps a picture; 0 for not at all.
    """

    result: Identification
    prediction_id: int | None
    by_service: bool = False
    kept_days: float = 0.0


def offered() -> dict[str, Offered]:
    """All classifiers, by their ids, the default first."""
    if is_service():
        listed = [each for each in _listed(settings().service) if each["task"] == "identify"]
        listed.sort(key=lambda each: each["id"] != models.DEFAULT)
        return {
            each["id"]: Offered(each["id"], each["title"], each["figures"], each["bytes"])
            for each in listed
        }
    found = [following.follower().entry(each.id) for each in models.classifiers()]
    return {each.id: Offered(each.id, each.title, each.figures, each.total_bytes) for each in found}


def versions_of(model: str) -> dict[str, str]:
    """The versions of a model that can be asked for, each with its name and date."""
    if is_service():
        listed = next(
            each["versions"] for each in _listed(settings().service) if each["id"] == model
        )
        return {each["version"]: f"{each['name']}, {each['date']}" for each in listed}
    return {each.id: f"{each.entry.version}, {each.entry.date}" for each in versions.listed(model)}


@st.cache_data(ttl=_STAYS, show_spinner=False)
def _listed(_url: str) -> list[dict[str, Any]]:
    names = "id", "title", "task", "figures", "bytes", "versions"
    return ask(lambda atelier: [{name: each[name] for name in names} for each in atelier.models()])


def is_ready(model: str, asked: str | None, session: str) -> bool:
    """Whether a visitor would be answered at once: a service loads by itself what it needs."""
    if is_service():
        return True
    return models.is_loaded(model, following.follower().deal(model, session, asked).version)


def load(model: str, asked: str | None, session: str, progress: Callable[[str], None]) -> None:
    """Loads what answers.

    Raises:
        core.models.WeightsError: If that cannot be done.
    """
    version = following.follower().deal(model, session, asked).version
    models.load(model, progress=progress, version=version)
    identify.warm_up(model, version)


def identified(given: Given, model: str, asked: str | None, session: str) -> Answer:
    """Names the artists of a picture, and has the prediction kept in the journal.

    Args:
        asked: The version that is to answer; None for what the visitor is dealt.
        session: Of the visitor, 32 hexadecimal digits: by it arms of experiments are dealt.

    Raises:
        core.images.UnreadablePicture: If it is none.
        core.errors.AtelierError: If it cannot be answered.
    """
    if is_service():

        def question(atelier: Client) -> Answer:
            answer = atelier.identify(
                given.data, version=asked or "", visitor=session, model=model, top=MOST_NAMES
            )
            number, days = answer["prediction_id"], answer["kept_days"]
            return Answer(_identification(answer), number, by_service=True, kept_days=days)

        return ask(question)
    from core import journal

    by = following.follower().deal(model, session, asked)
    picture = images.load(given.data, enough=identify.ENOUGH)
    with journal.failures_kept(model, by.version, by.arm):
        result = identify.identify(picture, model, version=by.version, top=MOST_NAMES)
    try:
        number = journal.record(result, picture_sha256=given.digest, session=session, arm=by.arm)
    except journal.JournalError:
        number = None  # the visitor still gets the answer
    return Answer(result, number)


def _identification(answer: dict[str, Any]) -> Identification:
    return Identification(
        model=answer["model"],
        version=answer["version"],
        guesses=tuple(
            Guess(_artist(each["id"], each["name"]), each["probability"])
            for each in answer["artists"]
        ),
        known=answer["known"],
        known_score=answer["known_score"],
        seconds=answer["seconds"],
        kinds=answer["kinds"],
        kind=answer["kind"],
    )


def _artist(artist_id: str, name: str) -> artists.Artist:
    """An artist; one who was taught there and is not known here is introduced by name."""
    found = artists.find(artist_id)
    return found if found is not None and found.id == artist_id else artists.introduce(name)


def lit(data: bytes, result: Identification, artist_id: str) -> bytes:
    """The painting with what spoke for an artist lit, as a JPEG, see `heat.heat_map`."""
    if is_service():
        return _lit(data, result.model, artist_id, result.version)
    return heat.heat_map(data, result.model, artist_id, version=result.version)


@st.cache_data(max_entries=64, show_spinner=False)
def _lit(data: bytes, model: str, artist_id: str, version: str) -> bytes:
    small = images.encode(images.preview(images.load(data, enough=heat.SIDE).pixels, heat.SIDE))
    png = ask(
        lambda atelier: atelier.explain(small, version=version, model=model, artist=artist_id)
    )
    return images.encode(images.load(png).pixels, "JPEG", quality=90)


def say(answer: Answer, *, right: bool, artist_id: str | None, stranger: bool = False) -> None:
    """Keeps what a visitor says of an answer.

    Args:
        stranger: Whether they say that it is by nobody of the catalogue.

    Raises:
        core.errors.AtelierError: If that could not be done. So do the functions below.
    """
    number = _number(answer)
    if answer.by_service:
        ask(
            lambda atelier: atelier.feedback(
                number, right=right, artist=artist_id, stranger=stranger
            )
        )
        return
    from core import journal

    journal.give_feedback(number, right=right, artist_id=artist_id, stranger=stranger)


def kept_days(answer: Answer) -> float:
    """For how many days the picture would be kept; 0 if the visitor is not asked."""
    if answer.by_service:
        return answer.kept_days
    from core.journal import pictures

    return pictures.days()


def keep(answer: Answer, given: Given) -> None:
    """Keeps a copy of the picture: the visitor allows it."""
    number = _number(answer)
    if answer.by_service:
        ask(lambda atelier: atelier.keep(number, given.data))
        return
    from core.journal import pictures

    pictures.keep(number, given.data)


def drop(answer: Answer, digest: str) -> None:
    """Deletes the copy of the picture of this digest again."""
    number = _number(answer)
    if answer.by_service:
        ask(lambda atelier: atelier.drop(number, digest))
        return
    from core.journal import pictures

    pictures.drop(number)


def _number(answer: Answer) -> int:
    assert answer.prediction_id is not None, "nobody is asked of what is not in the journal"
    return answer.prediction_id
