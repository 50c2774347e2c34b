"""What commands do with many pictures: a run over a folder, and one painting of it."""
