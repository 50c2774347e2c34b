"""The seam of requests: a field that is changed in one place is changed everywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from core.settings import ROOT

# In a process of its own, since all that derives from a field does so when it is imported.
SCRIPT = """
import json

import numpy as np
import pydantic

real = pydantic.Field


def other(*default, **more):
    if more.get("title") != "Brush":
        return real(*default, **more)
    more |= {"title": "Spatula", "description": "Width of the blade", "ge": 0.6, "le": 5}
    return real(1.4, **more)


pydantic.Field = other
from core.stylize import request  # noqa: E402

pydantic.Field = real

import typer  # noqa: E402
from streamlit.testing.v1 import AppTest  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from core import examples, images, tensorflow_compat  # noqa: E402
from core.cli import stylize  # noqa: E402
from core.stylize import instant, presets, refine, session  # noqa: E402
from core.stylize.session import metadata  # noqa: E402

instant.is_loaded = lambda: True
instant.paint = lambda photo, *_, **how: np.zeros((*refine.size(photo, how["rows"]), 3), np.uint8)
session.warm_up = lambda: None
tensorflow_compat.is_installed = lambda: True

page = AppTest.from_file("pages/stylize.py", default_timeout=120).run()
for field, source in zip(page.file_uploader, (examples.photos, examples.catalogue), strict=True):
    field.set_value([("a.jpg", source()[0].read(), "image/jpeg")])
page.run()
assert not page.exception, page.exception
(slider,) = [each for each in page.select_slider if each.label == "Spatula"]

app = typer.Typer()
app.command()(stylize.stylize)
run = CliRunner().invoke
row = {"id": "a", "title": "A", "words": "A."}


def refuses(brush):
    try:
        presets.Preset.model_validate(row | {"brush": brush})
    except pydantic.ValidationError as error:
        return str(error)
    return ""


wrong = run(app, ["a.png", "b.png", "-o", "c.png", "--brush", "5.5"])
print(json.dumps({
    "slider": {"value": slider.value, "help": slider.help, "options": slider.options},
    "help": run(app, ["--help"], env={"COLUMNS": "300"}).output,
    "wrong": [wrong.exit_code, wrong.stderr],
    "presets": [refuses(0.5), refuses(0.7), presets.catalogue()[0].brush],
    "schema": request.StylizeRequest.model_json_schema()["properties"]["brush"],
    "metadata": metadata.made(request.StylizeRequest(), content="a", styles=["b"])["brush"],
}))
"""


@pytest.mark.slow
def test_a_changed_field_is_found_on_the_page_in_the_options_the_presets_and_the_schema():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["slider"]["value"] == 1.4
    assert found["slider"]["help"] == "Width of the blade"
    assert "Fine" not in found["slider"]["options"]  # which is half as broad as painted
    assert "Rather fine" in found["slider"]["options"]
    (line,) = [line for line in found["help"].splitlines() if "--brush" in line]
    for told in ("[0.6<=x<=5]", "Spatula: Width of the blade", "[default: 1.4]"):
        assert told in line
    status, complaint = found["wrong"]
    assert status == 2
    assert "less than or equal to 5" in complaint
    refused, taken, usual = found["presets"]
    assert "Spatula (brush) is 0.5, but must be at least 0.6." in refused
    assert taken == ""
    assert usual == 1.4
    assert found["schema"] == {
        "default": 1.4, "description": "Width of the blade", "maximum": 5, "minimum": 0.6,
        "title": "Spatula", "type": "number",
    }  # fmt: skip
    assert found["metadata"] == 1.4
