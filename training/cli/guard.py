"""The error guard of the trainer's command line: sentences and exit statuses, no tracebacks."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from core import tensorflow_compat
from core.cli import console
from core.errors import AtelierError, incident

_OF_TRAINING = ("sklearn", "tensorboard", "keras_tuner", "kagglehub")  # of requirements-dev.txt


class Guarded(TyperGroup):
    """Ends every command that fails with a sentence on stderr and exit status 1."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except AtelierError as error:
            console.fail(str(error))
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            console.fail(f"{where}{error.strerror or error}.")
        except ModuleNotFoundError as error:
            name = (error.name or "").partition(".")[0]
            if name in ("tensorflow", "keras"):
                console.fail(tensorflow_compat.missing("This command"))
            if name in _OF_TRAINING:
                console.fail(
                    f"This command needs {name}, which the app does without: "
                    "pip install -r requirements-dev.txt."
                )
            console.fail(incident(error))
        except Exception as error:
            if isinstance(error, typer.Abort) or hasattr(error, "exit_code"):
                raise  # wrong usage, or the command's own end
            console.fail(incident(error))
