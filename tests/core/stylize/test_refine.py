"""Painting: schedules, stopping, going on, all networks from end to end, and the command line."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from itertools import islice, pairwise

import h5py
import keras
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from core import images
from core.__main__ import app
from core.settings import settings
from core.stylize import color, extractors, refine
from core.stylize.objective import Objective, Weights, contours, losses, objective
from core.stylize.objective.forms import usual_layers
from core.stylize.optimization import optimizers, preconditioner
from core.stylize.request import StylizeRequest
from core.stylize.style import StyleTarget, mix

SMALL = StylizeRequest(
    rows=48,
    steps=8,
    scales=(0.75, 1.0),
    precision="float32",
    content_layers={"block2_conv1": 1.0},
    style_layers={"block1_conv1": 1.0, "block2_conv1": 1.0},
    forms=0.0,
)
FORMS = SMALL.changed(forms=0.5, steps=6)


def with_(request: StylizeRequest = SMALL, **changes) -> StylizeRequest:
    return request.changed(**changes)


@pytest.fixture
def photo(make_picture):
    return make_picture(64, 80, seed=1)


@pytest.fixture
def style(make_picture):
    return make_picture(56, 96, seed=2)


# Painting.


def test_painting_goes_coarse_to_fine_and_downhill(photo, style):
    steps = list(refine.refine(photo, [style], SMALL))
    assert [step.step for step in steps] == list(range(1, 9))
    assert {step.of for step in steps} == {8}
    assert [step.scale for step in steps] == [0.75] * 5 + [1.0] * 3
    assert [step.first for step in steps] == [n in (0, 5) for n in range(8)]
    assert steps[-1].done == pytest.approx(1)
    assert all(a.done < b.done and a.seconds <= b.seconds for a, b in pairwise(steps))
    for scale in (0.75, 1.0):
        found = [step.loss for step in steps if step.scale == scale]
        assert found == sorted(found, reverse=True)
        assert found[-1] < found[0]
    assert [step.pixels().shape for step in (steps[0], steps[-1])] == [(36, 45, 3), (48, 60, 3)]
    assert steps[-1].pixels().dtype == np.uint8


def test_the_loss_of_a_step_is_that_of_its_picture(photo, style):
    *_, last = refine.refine(photo, [style], SMALL)
    judge = objective(
        "vgg16", "float32", tuple(SMALL.content_layers.items()), tuple(SMALL.style_layers.items())
    )
    small = refine.resize(photo, 48, 60).clip(0, 255)
    target = judge.describe(refine.resize(style, 48, 82).clip(0, 255))
    maps = judge.features(last.pixels().astype(np.float32))
    wanted = {"grams": target.grams}
    statistics = losses.accumulate(maps, wanted)
    of_style = losses.style_loss(statistics, wanted, SMALL.style_layers)
    of_content = losses.content_loss(maps, judge.features(small), SMALL.content_layers)
    assert last.style_loss == pytest.approx(float(of_style), rel=0.02)
    assert last.content_loss == pytest.approx(float(of_content), rel=0.02)
    assert last.loss == pytest.approx(last.style_loss + 0.1 * last.content_loss, rel=1e-4)


def test_the_same_seed_gives_the_same_picture(photo, style):
    def last(seed: int) -> np.ndarray:
        *_, step = refine.refine(photo, [style], with_(start="noise", seed=seed, steps=4))
        return step.pixels()

    np.testing.assert_array_equal(last(1), last(1))
    assert (last(1) != last(2)).any()


def test_a_painting_can_be_stopped_and_gone_on_with(photo, style):
    painting = refine.refine(photo, [style], SMALL)
    *_, stopped = islice(painting, 6)
    painting.close()
    kept = stopped.pixels()
    again = list(refine.refine(photo, [style], with_(steps=3, scales=None), canvas=kept))
    assert [step.scale for step in again] == [1.0] * 3
    np.testing.assert_array_equal(again[0].pixels(), kept)
    assert again[0].loss == pytest.approx(stopped.loss, rel=0.02)
    assert again[-1].loss < stopped.loss


def test_styles_blend_and_may_be_given_as_statistics(photo, style, make_picture):
    other = make_picture(56, 96, seed=5)
    request = with_(scales=(1.0,), steps=2)
    judge = objective(
        "vgg16", "float32", tuple(SMALL.content_layers.items()), tuple(SMALL.style_layers.items())
    )
    stored = [judge.describe(refine.resize(each, 48, 82).clip(0, 255)) for each in (style, other)]

    def losses_of(styles, weights=None) -> list[float]:
        # The same canvas for all: statistics say nothing of the colors to start with.
        mixed = request.changed(style_weights=weights)
        painting = refine.refine(photo, styles, mixed, canvas=photo)
        return [step.loss for step in painting]

    blend = losses_of([style, other], [1, 3])
    assert blend == pytest.approx(losses_of([stored[0], other], [1, 3]), rel=1e-4)
    assert blend == pytest.approx(losses_of([mix(stored, [1, 3])]), rel=1e-4)
    assert losses_of([style, other], [1, 0]) == pytest.approx(losses_of([style]))
    means = {name: np.stack([np.zeros(c), np.ones(c)]) for name, c in
             (("block1_conv1", 64), ("block2_conv1", 128))}  # fmt: skip
    assert len(losses_of([StyleTarget("vgg16", moments=means)])) == 2
    with pytest.raises(ValueError, match="says nothing about block2_conv1"):
        losses_of([StyleTarget("vgg16", moments={"block1_conv1": means["block1_conv1"]})])
    with pytest.raises(ValueError, match="described by vgg19"):
        losses_of([dataclasses.replace(stored[0], network="vgg19")])


def test_a_painting_starts_in_the_colours_of_its_styles(photo, style):
    def first(styles, weights=None) -> np.ndarray:
        step = next(refine.refine(photo, styles, with_(scales=(1.0,), style_weights=weights)))
        return step.pixels().astype(np.float32)

    other = np.full_like(style, (200, 60, 40))
    np.testing.assert_allclose(first([style]).mean((0, 1)), style.mean((0, 1)), atol=12)
    one, two = first([style]), first([other])
    blend = first([style, other], [1, 3])
    np.testing.assert_allclose(blend, 0.25 * one + 0.75 * two, atol=1.1)


def test_texture_alone_is_painted_bit_by_bit_as_before_there_were_forms(photo, style):
    """Written out as it was: the picture of a seed must not change."""
    layers = tuple(SMALL.content_layers.items()), tuple(SMALL.style_layers.items())
    judge = objective("vgg16", "float32", *layers)
    optimizer = optimizers.Lbfgs(preconditioner.Waves(0.75))
    small = refine.resize(photo, 36, 45).clip(0, 255)
    picture = color.match(small, style)
    for (height, width), of_style, count in (((36, 45), (36, 62), 5), ((48, 60), (48, 82), 3)):
        if height == 48:
            smaller, small = small, refine.resize(photo, height, width).clip(0, 255)
            picture = refine.resize(picture, height, width)
            picture += small - refine.resize(smaller, height, width)
            optimizer.enlarge(lambda moved: refine.resize(moved, 48, 60))
        target = mix([judge.describe(refine.resize(style, *of_style).clip(0, 255))])
        evaluate = judge.against(small, target, Weights(0.1, 1.0))
        *_, (picture, found) = islice(optimizer.descend(picture, evaluate), count)
    *_, last = refine.refine(photo, [style], SMALL)
    np.testing.assert_array_equal(last.pixels(), refine.as_pixels(picture))
    assert last.loss == found.loss
    content, texture = usual_layers("vgg16", 0.0)
    assert list(texture) == [f"block{block}_conv1" for block in range(1, 6)]
    assert content == {"block4_conv2": 1.0, "block5_conv2": 1.0}


def test_forms_are_painted_coarse_to_fine_and_again_alike(photo, style):
    one, two = (list(refine.refine(photo, [style], FORMS)) for _ in range(2))
    assert [step.scale for step in one] == [0.75] * 4 + [1.0] * 2
    for scale in (0.75, 1.0):
        found = [step.loss for step in one if step.scale == scale]
        assert found == sorted(found, reverse=True)
        assert found[-1] < found[0]
    np.testing.assert_array_equal(one[-1].pixels(), two[-1].pixels())
    texture = list(refine.refine(photo, [style], FORMS.changed(forms=0.0)))
    assert (texture[-1].pixels() != one[-1].pixels()).any()


def test_the_style_loss_is_of_forms_and_texture_by_their_shares(photo, style):
    def first(forms: float) -> refine.Step:
        request = FORMS.changed(forms=forms, scales=(1.0,), steps=1)
        return next(refine.refine(photo, [style], request, canvas=photo))

    texture, forms, both = first(0.0), first(1.0), first(0.25)
    expected = 0.75 * texture.style_loss + 0.25 * forms.style_loss
    assert both.style_loss == pytest.approx(expected, rel=1e-4)
    assert both.loss == pytest.approx(both.style_loss + 0.02 * both.content_loss, rel=1e-4)


def test_what_was_matched_at_one_scale_is_forgotten_at_the_next(photo, style, monkeypatch):
    enlarged, queries = [], []
    real = Objective.match
    keep = optimizers.Lbfgs.enlarge

    def enlarge(self, resize):
        enlarged.append(1)
        keep(self, resize)

    monkeypatch.setattr(optimizers.Lbfgs, "enlarge", enlarge)

    def match(self, query, *arguments, **more):
        queries.append(query)
        return real(self, query, *arguments, **more)

    monkeypatch.setattr(Objective, "match", match)
    list(refine.refine(photo, [style], FORMS))
    assert not enlarged
    assert [query.shape for query in queries] == [(36, 45, 3), (48, 60, 3)]
    small = refine.resize(photo, 36, 45).clip(0, 255)
    np.testing.assert_array_equal(queries[0], small)
    whole = refine.resize(photo, 48, 60).clip(0, 255)
    assert 0 < np.abs(queries[1] - whole).max() <= 0.25 * 255
    list(refine.refine(photo, [style], SMALL))
    assert enlarged


def test_a_style_without_pictures_is_painted_by_its_texture(photo, style):
    judge = objective(
        "vgg16", "float32", tuple(SMALL.content_layers.items()), tuple(SMALL.style_layers.items())
    )
    stored = judge.describe(style)
    assert refine.allowed(FORMS, [style]) == FORMS
    assert refine.allowed(FORMS, [style, stored]).forms == 0
    request = FORMS.changed(steps=2)
    by_forms, by_texture = (
        list(refine.refine(photo, [stored], request.changed(forms=share))) for share in (0.5, 0.0)
    )
    assert [step.loss for step in by_forms] == [step.loss for step in by_texture]


def test_contours_can_be_kept(photo, style):
    def rest(keep: bool) -> float:
        *_, last = refine.refine(photo, [style], FORMS.changed(keep_contours=keep, steps=12))
        small = refine.resize(photo, 48, 60).clip(0, 255)
        return contours.of(small).distance(last.pixels().astype(np.float32))[0]

    assert rest(True) < 0.8 * rest(False)


def test_adam_paints_too(photo, style):
    steps = list(refine.refine(photo, [style], with_(optimizer="adam")))
    assert steps[-1].loss < steps[5].loss


def test_kept_colors_are_those_of_the_photo(photo, style):
    *_, step = refine.refine(photo, [style], with_(keep_colors=True))
    light = np.array([0.299, 0.587, 0.114])
    kept, given = step.pixels().astype(float), refine.resize(photo, 48, 60).clip(0, 255)
    chroma = (kept - (kept @ light)[..., None]) - (given - (given @ light)[..., None])
    assert np.median(np.abs(chroma)) < 3


def test_memory_is_looked_at_first(photo, style):
    assert refine.estimate_bytes(400, 600) == 4 * refine.estimate_bytes(200, 300)
    with pytest.raises(refine.TooLarge, match=r"fewer rows\.$"):
        next(refine.refine(photo, [style], SMALL, memory_bytes=1000))
    assert refine.free_bytes() > 0


def test_a_picture_too_narrow_for_the_network_is_refused(photo, style):
    with pytest.raises(ValueError, match=r"more rows\.$"):
        next(refine.refine(photo[:, :20], [style], SMALL))
    with pytest.raises(ValueError, match=r"more rows\.$"):
        next(refine.refine(photo, [style], with_(scales=(0.1, 1.0))))


@pytest.mark.parametrize(
    "change",
    [
        {"network": "alexnet"}, {"rows": 10}, {"rows": 10**6}, {"steps": 0},
        {"content_weight": -1.0}, {"style_weight": float("nan")},
        {"content_weight": 0.0, "style_weight": 0.0}, {"brush": 0.0}, {"start": "nowhere"},
        {"optimizer": "luck"}, {"optimiser": "luck"},
        {"scales": ()}, {"scales": (1.0, 0.5)}, {"scales": (0.5,)},
        {"style_layers": {}}, {"content_layers": {"block1_conv1": 0.0}},
    ],
    ids=str,
)  # fmt: skip
def test_requests_that_make_no_sense(change):
    with pytest.raises(ValueError, match=r"\.$"):
        with_(**change)


# Other networks, with random weights where the real ones are out of reach.


def write_like_keras(model: keras.Model, path) -> None:
    """Random weights in the form in which keras.applications distributes them."""
    rng = np.random.default_rng(0)
    layers = [layer for layer in model.layers if layer.weights]
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in layers]
        for layer in layers:
            group = file.create_group(layer.name)
            group.attrs["weight_names"] = [weight.path.encode() for weight in layer.weights]
            for weight in layer.weights:
                shape = tuple(weight.shape)
                spread = np.sqrt(2 / np.prod(shape[:-1])) if len(shape) > 1 else 0
                mean = 1.0 if weight.name in ("gamma", "moving_variance") else 0.0
                values = rng.standard_normal(shape, np.float32) * spread + mean
                group[weight.path] = values.astype(np.float32)


SHALLOW = {  # tracing the default layers takes several seconds
    "resnet50": ("conv1_relu", "conv2_block1_out"),
    "inception_v3": ("mixed0", "mixed1"),
    "vgg16": ("block1_conv1", "block3_conv3"),
    "vgg19": ("block1_conv1", "block3_conv4"),
}


@pytest.mark.parametrize("network_id", extractors.TABLE)
def test_all_networks_paint(network_id, photo, style, tmp_path, monkeypatch):
    row = extractors.get(network_id)
    if row.file:
        body = extractors._architecture(row.architecture, "float32")
        write_like_keras(body, tmp_path / row.file.name)
        monkeypatch.setattr(extractors, "_architecture", lambda *_: body)  # built once, for speed
        with (tmp_path / row.file.name).open("rb") as written:
            md5 = hashlib.file_digest(written, "md5").hexdigest()
        known = dataclasses.replace(row, file=dataclasses.replace(row.file, digest=md5))
        monkeypatch.setitem(extractors.TABLE, network_id, known)
        monkeypatch.setenv("ATELIER_WEIGHTS", str(tmp_path))
        settings.cache_clear()
    extractors._loaded.clear()
    objective.cache_clear()
    try:
        style_layer, content_layer = SHALLOW[network_id]
        request = StylizeRequest(
            network=network_id,
            rows=80,
            steps=3,
            scales=(1.0,),
            precision="float32",
            style_layers={style_layer: 1.0},
            content_layers={content_layer: 1.0},
        )
        steps = list(refine.refine(photo, [style], request, canvas=photo))
        loaded = extractors._loaded.popitem()[1]
        assert loaded.title == row.title
        if row.file:
            with h5py.File(tmp_path / row.file.name) as file:
                layer = next(layer for layer in body.layers if layer.weights)
                written = file[layer.name][layer.weights[0].path]
                np.testing.assert_array_equal(layer.weights[0], written)
        wanted = {**row.content, **row.style}
        assert set(loaded.layers(wanted).output) == set(wanted)
    finally:
        extractors._loaded.clear()
        objective.cache_clear()
    assert np.isfinite([step.loss for step in steps]).all()
    assert steps[-1].loss <= steps[0].loss
    assert steps[-1].pixels().shape == (80, 100, 3)
    assert steps[0].content_loss == pytest.approx(0, abs=1e-3)
    assert steps[0].style_loss > 0.01


# The command line.


@pytest.fixture
def files(tmp_path, photo, style):
    paths = {}
    for name, pixels in {"photo": photo, "style": style}.items():
        paths[name] = tmp_path / f"{name}.png"
        paths[name].write_bytes(images.encode(pixels))
    paths["broken"] = tmp_path / "broken.jpg"
    paths["broken"].write_bytes(b"nothing to see")
    paths["out"] = tmp_path / "new" / "out.png"
    return paths


def command(*arguments: object):
    return CliRunner().invoke(app, ["stylize", *map(str, arguments)])


def test_command_line_prints_steps_and_writes_the_painting(files):
    done = command(files["photo"], files["style"], "-o", files["out"], "--rows", 40, "--steps", 3,
                   "--seed", 7, "--keep-colors", "--json")  # fmt: skip
    assert done.exit_code == 0, done.stderr
    *steps, last = [json.loads(line) for line in done.stdout.splitlines()]
    assert [step["step"] for step in steps] == [1, 2, 3]
    assert set(steps[0]) == {"step", "of", "seconds", "loss", "content_loss", "style_loss"}
    assert last["output"] == str(files["out"])
    assert last["size"] == [50, 40]
    with Image.open(files["out"]) as painted:
        assert painted.size == (50, 40)
        settings_used = json.loads(painted.text["atelier"])
    assert settings_used["rows"] == 40
    assert settings_used["seed"] == 7
    assert settings_used["keep_colors"] is True
    assert settings_used["styles"] == ["style.png"]


@pytest.mark.parametrize(("broken", "status"), [("photo", 3), ("style", 1)])
def test_command_line_refuses_what_is_no_picture(files, broken, status):
    files[broken] = files["broken"]
    done = command(files["photo"], files["style"], "-o", files["out"], "--json")
    assert done.exit_code == status
    assert json.loads(done.stdout)["error"].endswith(".")
    assert not files["out"].exists()


def test_command_line_says_what_options_are_impossible(files):
    done = command(files["photo"], files["style"], "-o", files["out"], "--network", "alexnet")
    assert done.exit_code == 2
    assert "alexnet" in done.stderr


def test_command_line_paints_with_vgg16_where_weights_are_missing(files):
    done = command(files["photo"], files["style"], "-o", files["out"], "--rows", 80, "--steps", 1,
                   "--network", "inception_v3")  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert "ATELIER_WEIGHTS" in done.stderr
    assert "VGG16" in done.stderr
    with Image.open(files["out"]) as painted:
        assert json.loads(painted.text["atelier"])["network"] == "vgg16"
