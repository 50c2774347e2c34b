"""Tests for `deploy.space`, with real files and a Hub that only remembers."""

from __future__ import annotations

import tomllib
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest
import yaml
from typer.testing import CliRunner

from core.settings import ROOT, settings
from deploy import context, space

NAME = "Some_Body/My.Atelier"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("space")
    space.make(folder, NAME)
    return folder


class Hub:
    """Remembers what it was asked, and what the folder held then."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.made: dict[str, object] = {}
        self.uploaded: dict[str, object] = {}
        self.held: set[str] = set()
        self._failure = failure

    def create_repo(self, repo_id: str, **given: object) -> None:
        self.made = {"repo_id": repo_id, **given}

    def upload_folder(self, *, folder_path: Path, **given: object) -> SimpleNamespace:
        if self._failure:
            raise self._failure
        self.uploaded = given
        files = (path for path in folder_path.rglob("*") if path.is_file())
        self.held = {path.relative_to(folder_path).as_posix() for path in files}
        return SimpleNamespace(commit_url="https://hub/commit/1")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    made = Hub()
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda: made)
    online(monkeypatch)
    return made


def online(monkeypatch: pytest.MonkeyPatch) -> None:
    """The Hub may be used, as nowhere else in tests: it is one of ours."""
    monkeypatch.setenv("ATELIER_OFFLINE", "false")
    settings.cache_clear()


def test_the_space_holds_what_the_image_does_and_three_files_of_its_own(made: Path):
    files = {path.relative_to(made) for path in made.rglob("*") if path.is_file()}
    own = {Path("README.md"), Path("Dockerfile"), Path(".dockerignore")}
    assert files == {*context.files(), *own}
    weights = [path for path in files if path.suffix == ".zip"]
    assert len(weights) >= 5
    for path in weights:
        assert (made / path).read_bytes() == (ROOT / path).read_bytes()


def test_the_front_matter_is_what_the_hub_reads(made: Path):
    front = yaml.safe_load((made / "README.md").read_text().split("---")[1])
    assert (front["sdk"], front["license"], front["pinned"]) == ("docker", "mit", False)
    colors = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
    assert {front["colorFrom"], front["colorTo"]} <= colors
    assert len(front["short_description"]) <= 60
    assert front["app_port"] == space.PORT
    assert front["title"]
    assert front["emoji"]
    assert front["startup_duration_timeout"].endswith("m")


def test_the_port_is_the_same_everywhere_and_tensorflow_stays_out(made: Path):
    lines = (made / "Dockerfile").read_text().splitlines()
    assert f"ARG PORT={space.PORT}" in lines
    assert "ARG REQUIREMENTS=requirements-light.txt" in lines


def test_with_tensorflow_if_asked(tmp_path: Path):
    space.make(tmp_path, NAME, full=True)
    assert "ARG REQUIREMENTS=requirements.txt" in (tmp_path / "Dockerfile").read_text().splitlines()


def test_the_cookie_of_uploads_is_sent_inside_of_another_page(made: Path):
    ours = tomllib.loads((ROOT / ".streamlit/config.toml").read_text())
    theirs = tomllib.loads((made / ".streamlit/config.toml").read_text())
    assert theirs["server"].pop("xsrfCookieSameSite") == "none"
    assert theirs["server"].pop("corsAllowedOrigins") == ["https://some-body-my-atelier.hf.space"]
    assert theirs == ours


def test_the_readme_names_the_page_without_a_frame(made: Path):
    text = (made / "README.md").read_text()
    assert "https://some-body-my-atelier.hf.space/api/docs" in text
    assert "SUBDOMAIN" not in text


def test_streamlit_knows_what_is_set():
    from streamlit import config

    for name in ("server.xsrfCookieSameSite", "server.corsAllowedOrigins"):
        assert name in config._config_options_template


def test_by_default_nothing_is_uploaded(hub: Hub):
    done = CliRunner().invoke(space.app, [NAME])
    assert done.exit_code == 0
    assert (hub.made, hub.uploaded) == ({}, {})
    lines = done.stdout.splitlines()
    sizes = [int(line.split()[0].replace(",", "")) for line in lines]
    assert len(lines) == len(context.files()) + 4
    assert sum(sizes[:-1]) == sizes[-1]
    assert any(line.endswith("assets/models/models.json") for line in lines)


def test_the_upload_is_one_commit_to_a_private_space(hub: Hub):
    done = CliRunner().invoke(space.app, [NAME, "--upload"])
    assert (done.exit_code, "https://hub/commit/1" in done.stderr) == (0, True)
    assert hub.made == {
        "repo_id": NAME,
        "repo_type": "space",
        "space_sdk": "docker",
        "private": True,
        "exist_ok": True,
    }
    assert (hub.uploaded["repo_id"], hub.uploaded["repo_type"]) == (NAME, "space")
    assert {"Dockerfile", "README.md", "Home.py", "core/settings.py"} <= hub.held
    folders = {path.partition("/")[0] for path in hub.held if "/" in path}
    assert hub.uploaded["delete_patterns"] == sorted(f"{name}/*" for name in folders)


def test_a_hub_that_refuses_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda: Hub(OSError("no route\nat all")))
    online(monkeypatch)
    done = CliRunner().invoke(space.app, [NAME, "--upload"])
    assert done.exit_code == 1
    assert f"The Space {NAME} was not brought there: no route" in done.stderr
    assert "at all" not in done.stderr


def test_offline_uploads_nothing(hub: Hub, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ATELIER_OFFLINE", "true")
    settings.cache_clear()
    done = CliRunner().invoke(space.app, [NAME, "--upload"])
    assert (done.exit_code, hub.made) == (1, {})
    assert "ATELIER_OFFLINE" in done.stderr


def test_a_name_without_owner_is_wrong_usage(hub: Hub):
    assert CliRunner().invoke(space.app, ["atelier"]).exit_code == 2
