"""The record of predictions for audits, as a Parquet file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import select

from core import database
from core.files import replacing
from core.journal import Feedback, Observed, Prediction, last_words
from core.settings import settings

_ROWS = 5000  # in memory at once

_SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("time", pa.timestamp("us", "UTC")),
        ("model", pa.string()),
        ("version", pa.string()),
        ("arm", pa.string()),
        ("picture_sha256", pa.string()),
        ("artists", pa.list_(pa.string())),
        ("probabilities", pa.list_(pa.float32())),
        ("known_score", pa.float32()),
        ("seconds", pa.float32()),
        ("logits", pa.list_(pa.float16())),
        ("projection", pa.list_(pa.float16())),
        ("brightness", pa.float32()),
        ("saturation", pa.float32()),
        ("aspect", pa.float32()),
        ("side", pa.int32()),
        ("format", pa.string()),
        ("right", pa.bool_()),
        ("said", pa.string()),
        ("stranger", pa.bool_()),
    ]
)


def export(path: Path, model: str | None = None) -> int:
    """Writes all predictions, oldest first, and tells how many; sessions are left out.

    Args:
        model: Of one model only.

    Raises:
        core.database.DatabaseError: If the journal cannot be read.
        core.files.OutputError: If the file cannot be written.
    """
    last = last_words()
    query = (
        select(Prediction, Observed, Feedback)
        .outerjoin(Observed, Observed.prediction_id == Prediction.id)
        .outerjoin(last, last.c.prediction_id == Prediction.id)
        .outerjoin(Feedback, Feedback.id == last.c.id)
        .order_by(Prediction.id)
        .execution_options(yield_per=_ROWS)
    )
    if model is not None:
        query = query.where(Prediction.model == model)
    count = 0
    with (
        replacing(path) as part,
        pq.ParquetWriter(part, _SCHEMA) as file,
        database.reading(settings().journal_url) as session,
    ):
        for rows in session.execute(query).partitions():
            file.write_table(pa.Table.from_pylist([_row(*row) for row in rows], _SCHEMA))
            count += len(rows)
            session.expunge_all()
    return count


def _row(said: Prediction, seen: Observed | None, answer: Feedback | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        name: getattr(said, name)
        for name in ("id", "time", "model", "version", "arm", "picture_sha256", "known_score")
    }
    row["seconds"] = said.seconds
    row["artists"] = [each["id"] for each in said.artists]
    row["probabilities"] = [each["probability"] for each in said.artists]
    if seen is not None:
        for name in ("brightness", "saturation", "aspect", "side", "format"):
            row[name] = getattr(seen, name)
        row["logits"] = np.frombuffer(seen.logits, "<f2")
        if seen.projection is not None:
            row["projection"] = np.frombuffer(seen.projection, "<f2")
    if answer is not None:
        row["right"], row["said"], row["stranger"] = answer.right, answer.artist, answer.stranger
    return row
