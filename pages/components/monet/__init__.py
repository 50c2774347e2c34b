"""What only the Monet page shows."""
