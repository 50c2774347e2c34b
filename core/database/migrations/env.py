"""The environment in which Alembic runs the versions: the connection of `migrating.migrate`."""

from alembic import context

# One transaction for all, which has begun already.
context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
