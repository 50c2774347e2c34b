"""What only the Monitor shows: a view each."""
