"""Directories of paintings, brought into shape and read for training."""
