"""The parts that only Stylize shows."""
