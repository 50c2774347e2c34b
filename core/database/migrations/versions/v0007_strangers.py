"""The word for a painting by nobody of the catalogue, which a mere No is not."""

import sqlalchemy as sa
from alembic import op

revision = "v0007"
down_revision = "v0006"


def upgrade() -> None:
    """Adds to the feedback; empty in what was there before, which may have meant either."""
    op.add_column("feedback", sa.Column("stranger", sa.Boolean))
