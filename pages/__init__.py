"""The pages, one thin script each."""
