"""The image and the composition say what the service understands."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from core.settings import ROOT, Settings
from deploy import context
from serving.app import create_app

DOCKERFILE = (ROOT / "deploy/container/Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())


def test_what_goes_into_the_image_is_all_that_the_service_imports():
    roots = {path.parent.name for path in ROOT.glob("*/__init__.py")} | {"pages"}
    inside = {path.parts[0] for path in context.files()}
    imported = set()
    for path in context.files():
        if path.suffix == ".py":
            for node in ast.walk(ast.parse((ROOT / path).read_text())):
                if isinstance(node, ast.ImportFrom):
                    imported.add((node.module or "").partition(".")[0])
                elif isinstance(node, ast.Import):
                    imported |= {each.name.partition(".")[0] for each in node.names}
    assert {"core", "pages", "serving", "operations"} <= imported & roots <= inside


def test_what_goes_into_the_image_are_no_files_of_developers():
    found = {path.as_posix() for path in context.files()}
    assert {"Home.py", ".streamlit/config.toml", "assets/models/models.json"} <= found
    assert {path.split("/")[0] for path in found} == {
        *("Home.py", "LICENSE", ".streamlit", "assets", "core", "operations", "pages", "serving"),
        *("requirements.txt", "requirements-light.txt", "requirements-postgresql.txt"),
        "requirements-ray.txt",
    }
    assert not [path for path in found if "__pycache__" in path or path.endswith(".pyc")]


def test_secrets_stay_outside(tmp_path: Path):
    (tmp_path / ".streamlit").mkdir()
    for name in ("config.toml", "secrets.toml"):
        (tmp_path / ".streamlit" / name).write_text("")
    (tmp_path / "core" / "__pycache__").mkdir(parents=True)
    (tmp_path / "core" / "__pycache__" / "a.pyc").write_text("")
    (tmp_path / "core" / "a.py").write_text("")
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / ".dockerignore").write_text((ROOT / ".dockerignore").read_text())
    found = [path.as_posix() for path in context.files(tmp_path)]
    assert found == [".streamlit/config.toml", "core/a.py"]


def test_the_image_asks_for_health_where_the_service_tells_it():
    ready = re.search(r"READY=(\S+)", DOCKERFILE)
    assert ready is not None
    assert "/v2/health/ready" in create_app().openapi()["paths"]
    assert ready[1] == "/api/v2/health/ready"  # --with-app mounts the service at /api
    assert f"GET {ready[1]}" in (ROOT / "deploy/haproxy.cfg").read_text()


def test_what_is_set_are_settings(monkeypatch: pytest.MonkeyPatch):
    pairs = dict(re.findall(r"(ATELIER_\w+)=(\S+)", DOCKERFILE))
    assert len(pairs) == 6
    given = {**pairs, **COMPOSE["services"]["watch"]["environment"]}
    for name, value in given.items():
        assert name.removeprefix("ATELIER_").lower() in Settings.model_fields, name
        monkeypatch.setenv(name, re.sub(r"\$\{\w+:[-?].*?\}", "", value))
    made = Settings()
    assert made.offline
    assert made.cache == made.versions.parent == made.kept.parent == Path("/var/lib/atelier")


@pytest.mark.parametrize("name", ["service", "watch"])
def test_a_container_writes_only_where_it_is_told(name: str):
    service = COMPOSE["services"][name]
    assert service["read_only"]
    assert service["volumes"] == ["kept:/var/lib/atelier"]
    assert service["tmpfs"] == ["/tmp:mode=1777"]
    assert "USER 1000:1000" in DOCKERFILE


def test_requirements_that_the_image_installs_exist():
    for name in re.findall(r"requirements[\w-]*\.txt", DOCKERFILE):
        assert (ROOT / name).is_file(), name


def test_the_image_that_trains_has_what_training_pins():
    text = (ROOT / "deploy/container/training.Dockerfile").read_text()
    (names,) = re.findall(r"\^\((.*)\)==", text)
    pinned = (ROOT / "requirements-dev.txt").read_text().splitlines()
    for name in names.split("|"):
        assert [line for line in pinned if line.startswith(f"{name}==")], name


def test_the_image_that_trains_gets_pip_back_which_the_other_took_out(tmp_path: Path):
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    text = DOCKERFILE.replace("\\\n", " ")
    (folder,) = re.findall(r"packages=\$\((echo .*?)\)", text)
    (removing,) = re.findall(r"&& (rm -rf .*?) +&&", text)
    training = (ROOT / "deploy/container/training.Dockerfile").read_text()
    asking = re.findall(r"/opt/venv/bin/(?!.*compileall).*(?= \\)", training)
    script = "\n".join(["set -e", f"packages=$({folder})", removing, *asking])
    script = re.sub("install --no-cache-dir -r .*", "--version", script)
    shown = subprocess.run(
        ["bash", "-c", script.replace("/opt/venv", str(venv))], capture_output=True, text=True
    )
    assert shown.returncode == 0, shown.stderr
    assert str(venv) in shown.stdout.splitlines()[-1]


def test_a_trial_that_cannot_begin_leaves_no_network_behind(tmp_path: Path):
    engine, log = tmp_path / "engine", tmp_path / "log"
    engine.write_text(
        f'#!/bin/sh\necho "$*" >>"{log}"\ncase "$1" in run) exit 125;; network) echo it;; esac\n'
    )
    engine.chmod(0o755)
    given = {**os.environ, "ENGINE": str(engine)}
    done = subprocess.run([ROOT / ".ci/image"], env=given, capture_output=True, text=True)
    assert done.returncode == 125, done.stderr
    asked = log.read_text().splitlines()
    assert [each.split()[0] for each in asked] == ["build", "network", "run", "network"]
    assert asked[-1] == "network rm it"


@pytest.mark.parametrize("name", ["Dockerfile", "training.Dockerfile"])
def test_the_linter_of_dockerfiles_is_content(name: str):
    hadolint = Path(sys.executable).parent / "hadolint"
    given = [hadolint, "--failure-threshold", "style", ROOT / "deploy/container" / name]
    done = subprocess.run(given, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
