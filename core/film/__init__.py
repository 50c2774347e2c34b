"""Clips painted without flicker: read in a sandbox, painted frame by frame, written with sound."""
