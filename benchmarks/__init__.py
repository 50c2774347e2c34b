"""Benchmarks: where figures on speed and memory come from."""
