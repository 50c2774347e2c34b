"""Operations: the life of a model after its training."""
