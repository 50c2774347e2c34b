"""What is kept beside a prediction for audits, and what failed."""

import sqlalchemy as sa
from alembic import op

revision = "v0004"
down_revision = "v0003"


def upgrade() -> None:
    """Creates the tables `Observed`, `Shadow` and `Failure` of `core.journal`."""
    op.create_table(
        "observations",
        sa.Column("prediction_id", sa.Integer, sa.ForeignKey("predictions.id"), primary_key=True),
        sa.Column("logits", sa.LargeBinary, nullable=False),
        sa.Column("projection", sa.LargeBinary),
        sa.Column("brightness", sa.Double, nullable=False),
        sa.Column("saturation", sa.Double, nullable=False),
        sa.Column("aspect", sa.Double, nullable=False),
        sa.Column("side", sa.Integer, nullable=False),
        sa.Column("format", sa.String, nullable=False),
    )
    op.create_table(
        "shadows",
        sa.Column("prediction_id", sa.Integer, sa.ForeignKey("predictions.id"), primary_key=True),
        sa.Column("version", sa.String, primary_key=True),
        sa.Column("logits", sa.LargeBinary, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
    )
    op.create_table(
        "failures",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("time", sa.DateTime, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("error", sa.String, nullable=False),
    )
    op.create_index("failures_version", "failures", ["model", "version"])
