"""What visitors allow to be kept, and what keepers make of what visitors said."""

import sqlalchemy as sa
from alembic import op

revision = "v0005"
down_revision = "v0004"

# The database itself refuses to change a decision. It goes only with what it is about.
_NEVER_CHANGED = {
    "sqlite": [
        """CREATE TRIGGER decisions_no_update BEFORE UPDATE ON decisions
        BEGIN SELECT RAISE(ABORT, 'decisions are only added'); END"""
    ],
    "postgresql": [
        """CREATE FUNCTION decisions_only_added() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'decisions are only added'; END $$""",
        """CREATE TRIGGER decisions_only_added BEFORE UPDATE ON decisions
        FOR EACH ROW EXECUTE FUNCTION decisions_only_added()""",
    ],
}


def upgrade() -> None:
    """Creates the tables `KeptPicture` and `Decision` of `core.journal`.

    A release from before may go on to delete predictions: what hangs on them goes with them.
    """
    op.create_table(
        "kept_pictures",
        sa.Column(
            "prediction_id",
            sa.Integer,
            sa.ForeignKey("predictions.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("time", sa.DateTime, nullable=False, index=True),
        sa.Column("file", sa.String, nullable=False),
    )
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("time", sa.DateTime, nullable=False),
        sa.Column("who", sa.String, nullable=False),
        sa.Column(
            "feedback_id",
            sa.Integer,
            sa.ForeignKey("feedback.id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("verdict", sa.String, nullable=False),
    )
    for statement in _NEVER_CHANGED[op.get_bind().dialect.name]:
        op.execute(statement)
