"""The routes `/v1/models`, `/v1/artists` and `/v1/styles`: what there is."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter

from core import artists, models
from core.models import versions
from core.releases import following
from core.releases.arms import CHAMPION
from core.stylize import artist_styles
from serving.dependencies import OfCaller
from serving.messages import problems, schemas
from serving.messages.problems import not_found

router = APIRouter(tags=["catalogues"], responses=problems.responses(401, 429, 503))


@router.get("/v1/models", summary="Models")
async def all_models(by: OfCaller) -> list[schemas.Model]:
    """All models with the versions that serve and their measured figures."""
    return [_model(model_id) for model_id in models.catalogue()]


@router.get("/v1/models/{model_id}", summary="One model", responses=problems.responses(404))
async def one_model(model_id: str, by: OfCaller) -> schemas.Model:
    """One model with the version that serves and its measured figures."""
    return _model(check(model_id))


@router.get("/v1/artists", summary="Artists")
async def all_artists(by: OfCaller) -> list[schemas.Artist]:
    """All artists, sorted by name, with the models that know them."""
    return [_artist(each) for each in artists.catalogue()]


@router.get("/v1/styles", summary="Styles")
async def all_styles(by: OfCaller) -> list[schemas.Style]:
    """The painters in whose style can be painted by name."""
    return [
        schemas.Style(id=each.artist, name=artists.get(each.artist).name, paintings=each.paintings)
        for each in artist_styles.catalogue()
    ]


def check(model_id: str) -> str:
    """The id of a model that an address names.

    Raises:
        Refused: 404.
    """
    if model_id not in models.catalogue():
        raise not_found(f"There is no model {model_id!r}; /v1/models lists them.")
    return model_id


def _model(model_id: str) -> schemas.Model:
    serving = following.follower().serving(model_id)
    entry, tried = versions.find(model_id, serving.champion).entry, serving.challenger
    return schemas.Model(
        id=entry.id,
        title=entry.title,
        task=entry.task,
        version=serving.champion,
        arm=CHAMPION,
        challenger=schemas.Challenger(**asdict(tried)) if tried else None,
        versions=[
            schemas.ModelVersion(version=each.id, name=each.entry.version, date=each.entry.date)
            for each in versions.listed(model_id)
        ],
        summary=entry.summary,
        licence=entry.licence,
        sha256=entry.file.sha256,
        bytes=entry.total_bytes,
        artists=list(entry.artists),
        figures=entry.figures,
    )


def _artist(artist: artists.Artist) -> schemas.Artist:
    return schemas.Artist(
        id=artist.id,
        name=artist.name,
        born=artist.born,
        died=artist.died,
        movements=list(artist.movements),
        nationality=artist.nationality,
        wikipedia=artist.wikipedia,
        note=artist.note,
        models=[each.id for each in models.classifiers() if artist.id in each.artists],
        style=any(each.artist == artist.id for each in artist_styles.catalogue()),
    )
