"""Tests for `serving.routes.paintings`."""

from __future__ import annotations

import io

import numpy as np
import pytest
from fastapi import Request
from PIL import Image
from starlette.testclient import TestClient

from core import images, monet
from core.stylize import session
from core.stylize.request import StylizeRequest
from serving.messages import pictures
from serving.messages.problems import Refused

CANVAS = {"photo": b"", "canvas": b""}  # of the photo's size


@pytest.mark.parametrize("direction", monet.DIRECTIONS)
def test_monet_both_ways(client: TestClient, small: bytes, direction: str, remembered):
    response = client.post("/v1/paintings", files={"picture": small}, data={"direction": direction})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "image/png"
    assert response.headers["atelier-model"] == monet.MODELS[direction]
    expected = monet.paint(images.load(small).pixels, direction).after
    np.testing.assert_array_equal(images.load(response.content).pixels, expected)
    assert remembered(response.content)["direction"] == direction


def test_a_raw_picture_becomes_a_monet_of_the_asked_strength(client: TestClient, small: bytes):
    response = client.post(
        "/v1/paintings?strength=0", content=small, headers={"content-type": "image/png"}
    )
    np.testing.assert_array_equal(images.load(response.content).pixels, images.load(small).pixels)


def test_an_instant_picture_is_that_of_core(client: TestClient, small: bytes, remembered):
    response = client.post(
        "/v1/paintings",
        files=[("photo", small), ("style", ("b.png", small))],
        data={"mode": "instant", "rows": "64", "style": "claude-monet", "style_weights": "[2, 1]"},
    )
    assert response.status_code == 200, response.text
    assert response.headers["atelier-model"] == "instant_style"
    asked = StylizeRequest(mode="instant", rows=64, style_weights=(2, 1))
    pixels = images.load(small).pixels
    told = remembered(response.content)
    styles = ["claude-monet", pixels] if told["styles"][0] == "claude-monet" else None
    expected = session.at_once(asked, pixels, styles or [pixels, "claude-monet"])
    np.testing.assert_array_equal(images.load(response.content).pixels, expected)
    assert told["rows"] == 64


def test_a_raw_photo_takes_its_styles_from_the_query(client: TestClient, small: bytes):
    response = client.post(
        "/v1/paintings?mode=instant&rows=64&style=claude-monet&style=edgar-degas",
        content=small,
        headers={"content-type": "image/png", "accept": "image/jpeg"},
    )
    assert response.status_code == 200, response.text
    with Image.open(io.BytesIO(response.content)) as image:
        assert (image.format, image.height) == ("JPEG", 64)


@pytest.fixture
def mask(small: bytes) -> bytes:
    """White in the upper half, and a third as large as it might be."""
    height, width = images.load(small).pixels.shape[:2]
    levels = np.zeros((height // 3, width // 3, 3), np.uint8)
    levels[: height // 6] = 255
    return images.encode(levels)


def test_a_region_is_painted_and_the_rest_stays_as_it_is(
    client: TestClient, small: bytes, mask: bytes, remembered
):
    rows = images.load(small).pixels.shape[0]
    response = client.post(
        "/v1/paintings",
        files=[("photo", small), ("mask", mask)],
        data={
            "mode": "instant",
            "rows": str(rows),
            "style": ["claude-monet", "edgar-degas"],
            "region_styles": ["2", "photo"],
        },
    )
    assert response.status_code == 200, response.text
    painted, photo = images.load(response.content).pixels, images.load(small).pixels
    np.testing.assert_array_equal(painted[rows // 2 + 3 :], photo[rows // 2 + 3 :])
    assert (painted[: rows // 3] != photo[: rows // 3]).any(-1).mean() > 0.9
    told = remembered(response.content)
    assert told["masks"] == ["a mask"]
    assert told["region_styles"] == ["2", "photo"]


@pytest.mark.parametrize("mode", ["instant", "refine"])
def test_a_mask_that_will_not_do_is_refused_in_a_sentence(
    client: TestClient, small: bytes, mask: bytes, mode: str
):
    square = np.zeros((40, 20, 3), np.uint8)
    square[:20] = 255
    usual = {"mode": mode, "rows": "64", "style": "claude-monet"}
    for masks, more, code, told in (
        ([b"nothing"], {}, "unreadable-picture", "not a picture"),
        ([small], {}, "unusable-mask", "in color"),
        ([images.encode(square)], {}, "unusable-mask", "another shape"),
        ([mask] * 5, {}, "invalid-request", "At most 4 parts"),
        ([], {"mask": "sky"}, "invalid-request", "all of them pictures"),
        ([], {"region_styles": "1"}, "invalid-request", "no region without a mask"),
        ([mask], {"region_styles": "7"}, "invalid-request", "There is no style 7"),
    ):
        files = [("photo", small), *(("mask", each) for each in masks)]
        response = client.post("/v1/paintings", files=files, data=usual | more)
        problem = response.json()
        assert (response.status_code, problem["code"]) == (422, code), problem
        assert told in problem["detail"]


@pytest.mark.parametrize(
    ("files", "data", "told"),
    [
        ({"photo": b""}, {"mode": "instant"}, "One to 5 styles"),
        ({"photo": b""}, {"mode": "instant", "style": "nobody"}, "No style of 'nobody'"),
        ({"photo": b""}, {"mode": "instant", "style": "../../etc/passwd"}, "No style of"),
        ({"photo": b""}, {"mode": "instant", "style": "file:///etc/passwd"}, "No style of"),
        ({"photo": b"", "style": b"x"}, {"mode": "instant", "rows": "1"}, "Detail (rows)"),
        ({"photo": b"", "style": b"x"}, {"mode": "instant", "rows": "5000"}, "fewer rows"),
        ({"photo": b"", "style": b"x"}, {"steps": "5000"}, "At most 1000 steps"),
        ({"photo": b"", "style": b"x"}, {"mode": "instant"}, "not a picture"),
        ({"photo": b"", "style": b"x"}, {"scales": "[0.5"}, "scales is no JSON"),
        ({"photo": b"", "style": b"x"}, {"content_layers": "{}"}, "positive weights"),
        ({"photo": b"", "style": b"x"}, {"style_layers": "many"}, "Layers of the style"),
        ({"picture": b""}, {"direction": "up"}, "Which way"),
        ({"picture": b""}, {"mode": "instant"}, "no setting 'mode'"),
        ({"picture": b"", "style": b"x"}, {"strength": "nan"}, "Strength at once"),
        ({"style": b"x"}, {}, "send one as the part 'photo'"),
        ({"picture": b"", "canvas": b""}, {}, "A canvas is for a photo"),
        (CANVAS, {"mode": "instant", "style": "claude-monet"}, "A canvas is to be refined"),
        (CANVAS, {"rows": "64", "style": "claude-monet"}, "the painting's size: 85×64"),
        ({"picture": b"", "photo": b""}, {}, "not both"),
    ],
)
def test_what_cannot_be_painted_is_told_in_a_sentence(client, small, files, data, told):
    sent = {name: value or small for name, value in files.items()}
    response = client.post("/v1/paintings", files=sent, data=data)
    assert response.status_code == 422, response.text
    assert told in response.json()["detail"]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "PNG"),
        ("*/*", "PNG"),
        ("image/jpeg;q=0.5, */*", "PNG"),
        ("image/jpeg, */*", "JPEG"),
        ("image/*;q=0.5, image/WebP", "WEBP"),
        ("image/*, image/png;q=0.5", "JPEG"),
        ("image/png;q=0, */*", "JPEG"),
        ("*/*, image/png; q=0.0, image/jpeg;q=0", "WEBP"),
        ("image/png;q=nan, image/*", "JPEG"),
        ("image/*;q=0, */*", None),
        ("image/*;q=0, image/webp, */*", "WEBP"),
    ],
)
def test_of_a_format_the_most_specific_range_decides(accept: str, kind: str | None):
    request = Request({"type": "http", "headers": [(b"accept", accept.encode())]})
    if kind is None:
        with pytest.raises(Refused, match="image/png"):
            pictures.accepted(request)
    else:
        assert pictures.accepted(request).name == kind


def test_a_format_that_is_not_written_is_not_acceptable(client: TestClient, small: bytes):
    response = client.post(
        "/v1/paintings", files={"picture": small}, headers={"accept": "image/gif, text/html"}
    )
    assert response.status_code == 406
    assert "image/png" in response.json()["detail"]
