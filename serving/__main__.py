"""The command line of the service: `python -m serving`."""

from __future__ import annotations

import os
import secrets
from typing import Annotated, Literal

import typer
from fastapi import FastAPI

from core import logs
from core.cli import console
from core.errors import AtelierError
from core.keys import digest
from core.settings import SettingsError, settings

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    host: Annotated[
        str, typer.Option(help="Address to listen at; 0.0.0.0 for everybody.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any.")] = 8000,
    with_app: Annotated[
        bool, typer.Option("--with-app", help="Also the application; the API is at /api then.")
    ] = False,
    workers: Annotated[
        int,
        typer.Option(
            "--workers-of-jobs",
            min=0,
            max=64,
            help="Processes that refine paintings; 0 where `python -m core work` runs elsewhere.",
        ),
    ] = 1,
    engine: Annotated[
        Literal["local", "ray"],
        typer.Option(
            "--engine",
            help="Who does the work: this process, or a Ray cluster (requirements-ray.txt).",
        ),
    ] = "local",
    address: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Of the cluster; by default ATELIER_RAY_ADDRESS, or one is started here.",
        ),
    ] = None,
) -> None:
    """Serves the HTTP API until Ctrl-C or SIGTERM.

    Exit status: 0 ended as it was told, 1 failed, 2 wrong usage.
    """
    if context.invoked_subcommand is not None:
        return
    try:
        logs.configure_application()
        from serving import server
        from serving.app import create_app

        api = create_app(workers) if engine == "local" else _on_ray(workers, address)
    except SettingsError as error:
        console.refuse(str(error))
    except AtelierError as error:
        console.fail(str(error))
    whole = server.with_application(api) if with_app else api
    console.say(f"http://{host}:{port}{'/api' if with_app else ''}/docs")
    server.server(whole, api.state.service, host=host, port=port).run()


def _on_ray(workers: int, address: str | None) -> FastAPI:
    """The service whose work a cluster does, which has begun with it."""
    if address is not None:
        os.environ["ATELIER_RAY_ADDRESS"] = address
        settings.cache_clear()
    from serving.app import create_app
    from serving.cluster.engine import Cluster

    console.say("The cluster begins; this takes a moment.")
    return create_app(engine=Cluster(workers))


@app.command()
def key() -> None:
    """Makes a key for a caller, and the digest of it for ATELIER_SERVICE_KEYS."""
    made = secrets.token_urlsafe(32)
    console.say("The key, for the caller; it is not kept here:")
    typer.echo(made)
    console.say("Its digest, for ATELIER_SERVICE_KEYS:")
    typer.echo(digest(made))


if __name__ == "__main__":
    app()
