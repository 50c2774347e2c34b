"""The parts that pages share on the screen."""
