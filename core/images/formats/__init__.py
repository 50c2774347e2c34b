"""What the decoders of single formats do not tell, read from the bytes and tags themselves."""
