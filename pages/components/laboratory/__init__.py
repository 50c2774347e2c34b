"""The parts that only the Laboratory shows."""
