"""What only Stylize shows."""
