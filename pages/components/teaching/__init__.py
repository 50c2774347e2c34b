"""What only the Laboratory's view on lessons shows."""
