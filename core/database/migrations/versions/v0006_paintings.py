"""Figures of the pictures that were painted for visitors."""

import sqlalchemy as sa
from alembic import op

revision = "v0006"
down_revision = "v0005"


def upgrade() -> None:
    """Creates the table `Painted` of `core.journal`."""
    op.create_table(
        "paintings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("time", sa.DateTime, nullable=False),
        sa.Column("mode", sa.String, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("pixels", sa.Integer, nullable=False),
        sa.Column("steps", sa.Integer, nullable=False),
        sa.Column("stopped", sa.Boolean, nullable=False),
        sa.Column("downloaded", sa.Boolean, nullable=False),
        sa.Column("content_loss", sa.Double),
        sa.Column("style_loss", sa.Double),
    )
    op.create_index("paintings_mode", "paintings", ["mode", "id"])
