"""The Space on the Hugging Face Hub: `python -m deploy.space OWNER/NAME`."""

from __future__ import annotations

import logging
import re
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from core.cli import console
from core.errors import AtelierError, InvalidRequest
from core.settings import ROOT, settings
from deploy import context

PORT = 7860  # as the front matter of space/README.md has it

_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class SpaceError(AtelierError, RuntimeError):
    """A Space that could not be brought to the Hub."""

    code = "space"


@app.command()
def space(
    repository: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="The Space.")],
    upload_it: Annotated[
        bool, typer.Option("--upload", help="Brings it there; without, it is only told.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="With TensorFlow, which refining needs.")
    ] = False,
    public: Annotated[
        bool, typer.Option("--public", help="A Space that is made now is for everybody.")
    ] = False,
) -> None:
    """Says what a Space of this checkout holds, file by file, and with --upload brings it there.

    The token is that of `hf auth login`, or HF_TOKEN. Exit status: 0 done, 1 failed, 2 wrong usage.
    """
    console.set_up(False, level=logging.WARNING)
    if not _REPOSITORY.fullmatch(repository):
        console.refuse(f"{repository} is no Space: OWNER/NAME.")
    with console.whole(), tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        make(folder, repository, full=full)
        total = 0
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            size = path.stat().st_size
            total += size
            typer.echo(f"{size:>12,} {path.relative_to(folder).as_posix()}")
        typer.echo(f"{total:>12,} bytes in all")
        if upload_it:
            console.say(upload(folder, repository, public=public))
        else:
            console.say("Nothing was uploaded: --upload does it.")


def make(folder: Path, repository: str, *, full: bool = False) -> None:
    """Fills an empty folder with what the Space holds.

    Args:
        repository: OWNER/NAME of the Space.
        full: With TensorFlow.
    """
    for path in [Path(".dockerignore"), *context.files()]:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, target)
    dockerfile = _text("deploy/container/Dockerfile")
    dockerfile = _with(dockerfile, "ARG PORT=8000", f"ARG PORT={PORT}")
    if not full:
        given, light = (
            "ARG REQUIREMENTS=requirements.txt",
            "ARG REQUIREMENTS=requirements-light.txt",
        )
        dockerfile = _with(dockerfile, given, light)
    (folder / "Dockerfile").write_text(dockerfile, encoding="utf-8")
    # In a file: an environment variable of Streamlit counts for nothing under uvicorn.
    config = _with(
        _text(".streamlit/config.toml"),
        "[server]\n",
        "[server]\n"
        "# The page is shown inside of one of huggingface.co, where only such a cookie is sent.\n"
        'xsrfCookieSameSite = "none"\n'
        f'corsAllowedOrigins = ["https://{subdomain(repository)}.hf.space"]\n',
    )
    (folder / ".streamlit" / "config.toml").write_text(config, encoding="utf-8")
    about = _text("deploy/space/README.md").replace("SUBDOMAIN", subdomain(repository))
    (folder / "README.md").write_text(about, encoding="utf-8")


def subdomain(repository: str) -> str:
    """Of hf.space, where the Space is served without the page around it."""
    return re.sub(r"[^a-z0-9]+", "-", repository.lower()).strip("-")


def upload(folder: Path, repository: str, *, public: bool = False) -> str:
    """Brings a folder to a Space in one commit, and makes the Space if there is none.

    What lies in the Space in folders of ours, and no longer here, is deleted; other files of the
    Space stay.

    Returns:
        The address of the commit.

    Raises:
        InvalidRequest: If ATELIER_OFFLINE is set.
        SpaceError: If it could not be brought there.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    if settings().offline:
        raise InvalidRequest("The Hub is not used here (ATELIER_OFFLINE).")
    ours = sorted(f"{path.name}/*" for path in folder.iterdir() if path.is_dir())
    try:
        api = HfApi()
        api.create_repo(
            repository, repo_type="space", space_sdk="docker", private=not public, exist_ok=True
        )
        # Not by git: it would need LFS set up for what is larger than 10 MB.
        done = api.upload_folder(
            repo_id=repository,
            repo_type="space",
            folder_path=folder,
            delete_patterns=ours,
            commit_message="Atelier, as it is in its repository",
        )
    except (HfHubHTTPError, OSError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise SpaceError(f"The Space {repository} was not brought there: {reason}") from error
    return str(done.commit_url)


def _text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def _with(text: str, old: str, new: str) -> str:
    """The text with one place of it changed, which must be there once."""
    if text.count(old) != 1:
        raise SpaceError(f"{old!r} is not once in the file that the Space's is made of.")
    return text.replace(old, new)


if __name__ == "__main__":
    app()
