"""Releases: which version of a model serves; which one gave a prediction."""

import sqlalchemy as sa
from alembic import op

revision = "v0003"
down_revision = "v0002"

# The database itself refuses to change or delete a release.
_ONLY_ADDED = {
    "sqlite": [
        f"""CREATE TRIGGER releases_no_{what.lower()} BEFORE {what} ON releases
        BEGIN SELECT RAISE(ABORT, 'releases are only added'); END"""
        for what in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        """CREATE FUNCTION releases_only_added() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'releases are only added'; END $$""",
        """CREATE TRIGGER releases_only_added BEFORE UPDATE OR DELETE ON releases
        FOR EACH ROW EXECUTE FUNCTION releases_only_added()""",
    ],
}


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
    for statement in _ONLY_ADDED[op.get_bind().dialect.name]:
        op.execute(statement)
    # Empty in what was there before, and in what a release from before still writes.
    op.add_column("predictions", sa.Column("version", sa.String))
    op.add_column("predictions", sa.Column("arm", sa.String))
    op.create_index("predictions_arm", "predictions", ["model", "version", "arm"])
