"""Jobs that outlive their processes: outline and lease, events, pictures and other large parts."""

import sqlalchemy as sa
from alembic import op

revision = "v0002"
down_revision = "v0001"


def upgrade() -> None:
    """Creates the tables of `core.jobs.durable.rows`."""
    op.create_table(
        "jobs",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("task", sa.String, nullable=False),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("key", sa.String),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("progress", sa.JSON),
        sa.Column("error", sa.String),
        sa.Column("error_code", sa.String),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("started", sa.Double),
        sa.Column("finished", sa.Double),
        sa.Column("keep", sa.Double, nullable=False),
        sa.Column("expires", sa.Double),
        sa.Column("lease_owner", sa.String),
        sa.Column("lease_until", sa.Double),
        sa.Column("heartbeat", sa.Double),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("crashes", sa.Integer, nullable=False),
        sa.Column("cancel", sa.Boolean, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.UniqueConstraint("owner", "key", name="jobs_owner_key"),
    )
    op.create_index("jobs_state", "jobs", ["state", "created"])
    op.create_index("jobs_expires", "jobs", ["expires"])
    op.create_table(
        "job_events",
        sa.Column("job_id", sa.String, sa.ForeignKey("jobs.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("time", sa.Double, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
    )
    op.create_table(
        "job_blobs",
        sa.Column("job_id", sa.String, sa.ForeignKey("jobs.id"), primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("media_type", sa.String, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
