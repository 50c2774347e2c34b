"""A search finds the paintings that are nearest, whatever becomes of the collection meanwhile."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core import collection, errors, examples, images, similar
from core.similar import SimilarRequest, descriptor, search
from tests.core.similar.conftest import indexed, put


@pytest.fixture
def five(place: Path, described: list[int]) -> Path:
    put(place, *(f"Claude_Monet/{n}.png" for n in range(3)), "Rembrandt/3.png", "Rembrandt/4.png")
    indexed(place)
    return place


def files(found: tuple[similar.Neighbor, ...]) -> list[str]:
    return [each.painting.file for each in found]


def test_a_painting_finds_itself_first(five: Path):
    for file in ("Claude_Monet/1.png", "Rembrandt/4.png"):
        found = similar.similar(images.load(five / file), five)
        assert len(found) == 5
        assert found[0].painting.file == file
        assert found[0].painting.artist == file.partition("/")[0].replace("_", " ")
        assert found[0].distance == pytest.approx(0, abs=1e-3)
        assert [each.distance for each in found] == sorted(each.distance for each in found)


def test_the_order_is_that_of_all_distances(five: Path):
    picture = images.load(five / "Rembrandt/3.png")
    row = descriptor.describe(picture.pixels)
    expected = sorted(
        (float(1 - descriptor.describe(images.load(five / file.file).pixels) @ row), file.file)
        for file in collection.files(five)
    )
    found = similar.similar(picture, five)
    assert files(found) == [file for _, file in expected]
    np.testing.assert_allclose(
        [each.distance for each in found], [far for far, _ in expected], atol=2e-3
    )


def test_as_many_as_asked_for_and_no_more_than_there_are(five: Path):
    picture = images.load(five / "Rembrandt/3.png")
    assert len(similar.similar(picture, five, SimilarRequest(top=2))) == 2
    assert len(similar.similar(picture, five, SimilarRequest(top=50))) == 5


@pytest.mark.parametrize("top", [0, 51, 1.5, "many"])
def test_a_request_out_of_range_is_refused_in_a_sentence(top):
    with pytest.raises(errors.InvalidRequest, match="How many paintings"):
        SimilarRequest(top=top)


def test_more_like_one_of_the_collection_leaves_it_out(five: Path):
    found = similar.like("Rembrandt/3.png", five, SimilarRequest(top=3))
    assert len(found) == 3
    assert "Rembrandt/3.png" not in files(found)
    assert len(similar.like("Rembrandt/3.png", five)) == 4
    with pytest.raises(errors.UnknownName, match="not described yet"):
        similar.like("Rembrandt/nothing.png", five)


def test_without_an_index_the_way_to_it_is_told(place: Path, described: list[int]):
    put(place, "a.png")
    with pytest.raises(similar.NotIndexed, match=r"python -m core scan .* --similar"):
        similar.similar(images.load(place / "a.png"), place)
    assert similar.count(place) == 0


def test_a_new_index_is_read_without_a_restart(five: Path):
    put(five, "Rembrandt/new.png", seed=77)
    picture = images.load(five / "Rembrandt/new.png")
    assert "Rembrandt/new.png" not in files(similar.similar(picture, five))
    indexed(five)
    assert files(similar.similar(picture, five))[0] == "Rembrandt/new.png"
    assert similar.count(five) == 6


def test_painters_are_those_of_today(five: Path):
    rows = "".join(f"Claude_Monet/{n}.png,Alfred Sisley\n" for n in range(3))
    (five / "index.csv").write_text("file,artist\n" + rows)
    found = similar.similar(images.load(five / "Claude_Monet/1.png"), five)
    assert {each.painting.artist for each in found} == {"Alfred Sisley"}
    assert len(found) == 3  # the others are not listed any more


def test_two_collections_are_in_memory_at_most(place: Path, described: list[int], monkeypatch):
    monkeypatch.setattr(search, "_loaded", {})
    for name in "abc":
        put(place / name, "1.png")
        indexed(place / name)
        assert similar.count(place / name) == 1
    assert len(search._loaded) == 2


# With the network itself.


@pytest.fixture(scope="module")
def paintings() -> list[np.ndarray]:
    return [images.load(example.read()).pixels for example in examples.catalogue()]


def test_the_vector_is_a_unit_and_the_same_for_the_mirror_image(paintings: list[np.ndarray]):
    rows = [descriptor.describe(pixels) for pixels in paintings]
    assert all(row.shape == (descriptor.DIMENSION,) for row in rows)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    for pixels, row in zip(paintings, rows, strict=True):
        assert descriptor.describe(pixels[:, ::-1].copy()) @ row > 0.999
    assert np.max(np.stack(rows) @ np.stack(rows).T - np.eye(len(rows))) < 0.8


def test_crop_gray_copy_and_mirror_image_find_the_painting(
    place: Path, paintings: list[np.ndarray]
):
    for number, pixels in enumerate(paintings):
        (place / f"{number}.png").write_bytes(images.encode(pixels, "PNG"))
    indexed(place)
    for number, pixels in enumerate(paintings):
        height, width = pixels.shape[:2]
        gray = np.asarray(Image.fromarray(pixels).convert("L").convert("RGB"))
        crop = pixels[height // 8 : -height // 8, width // 8 : -width // 8]
        for changed in (pixels[:, ::-1], gray, crop):
            seen = images.load(images.encode(np.ascontiguousarray(changed), "PNG"))
            found = similar.similar(seen, place)
            assert found[0].painting.file == f"{number}.png"
