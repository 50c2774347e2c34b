"""The journal: predictions, and what visitors said of them.

Databases of before there were versions have these tables, and keep them as they are.
"""

import sqlalchemy as sa
from alembic import op

revision = "v0001"
down_revision = None


def upgrade() -> None:
    """Creates what is not there."""
    there = set(sa.inspect(op.get_bind()).get_table_names())
    if "predictions" not in there:
        op.create_table(
            "predictions",
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("time", sa.DateTime, nullable=False),
            sa.Column("session", sa.String, nullable=False, index=True),
            sa.Column("picture_sha256", sa.String, nullable=False, index=True),
            sa.Column("model", sa.String, nullable=False),
            sa.Column("artists", sa.JSON, nullable=False),
            sa.Column("known_score", sa.Double, nullable=False),
            sa.Column("seconds", sa.Double, nullable=False),
        )
    if "feedback" not in there:
        op.create_table(
            "feedback",
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("time", sa.DateTime, nullable=False),
            sa.Column(
                "prediction_id",
                sa.Integer,
                sa.ForeignKey("predictions.id"),
                nullable=False,
                index=True,
            ),
            sa.Column("right", sa.Boolean, nullable=False),
            sa.Column("artist", sa.String),
        )
