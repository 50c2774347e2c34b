"""Training of several classifiers together on a GPU, through Keras on PyTorch.

`python -m training pack` puts the paintings into a few files, `python -m training together`
trains from them, and writes run directories that `python -m training publish` reads. PyTorch is
no requirement of the project: it is there where a GPU is.
"""
