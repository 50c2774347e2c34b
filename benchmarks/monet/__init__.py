"""Photo to Monet: its time and memory, which brush suits a photo, how even its skies are."""
