"""What the file of a painting remembers."""

from __future__ import annotations

import io
import json

import numpy as np
from PIL import Image

from core import images
from core.stylize.request import StylizeRequest
from core.stylize.session import metadata

REQUEST = StylizeRequest(rows=48, style_layers={"block1_conv1": 1.0, "block2_conv1": 1.0})


def test_a_png_remembers_how_it_was_made(make_picture):
    data = metadata.png(
        make_picture(), REQUEST, content="Gänse.jpg", styles=["a.png", "b.png"], steps_done=3
    )
    with Image.open(io.BytesIO(data)) as image:
        told = json.loads(image.text["atelier"])
    assert told["content"] == "Gänse.jpg"
    assert told["styles"] == ["a.png", "b.png"]
    assert (told["steps_done"], told["mode"], told["optimiser"]) == (3, "refine", "lbfgs")
    assert told["rows"] == 48
    assert told["style_layers"] == {"block1_conv1": 1.0, "block2_conv1": 1.0}
    np.testing.assert_array_equal(images.load(data).pixels, make_picture())
