"""What only the Laboratory shows."""
