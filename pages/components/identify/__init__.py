"""What only Identify shows."""
