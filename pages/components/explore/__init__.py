"""The parts that only Explore shows."""
