"""Paintings like a picture, on Identify and in Explore's gallery."""
