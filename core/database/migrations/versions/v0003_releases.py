"""Releases: which version of a model serves; which one gave a prediction."""

import sqlalchemy as sa
from alembic import op

revision = "v0003"
down_revision = "v0002"


def upgrade() -> None:
    """Creates the table of `core.releases.rows`, and adds to that of predictions."""
    op.create_table(
        "releases",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("time", sa.Double, nullable=False),
        sa.Column("who", sa.String, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("share", sa.Double, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("evidence", sa.JSON),
    )
    op.create_index("releases_model", "releases", ["model", "id"])
    # Empty in what was there before, and in what a release from before still writes.
    op.add_column("predictions", sa.Column("version", sa.String))
    op.add_column("predictions", sa.Column("arm", sa.String))
    op.create_index("predictions_arm", "predictions", ["model", "version", "arm"])
