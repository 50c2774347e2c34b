"""What only the Film page shows."""
