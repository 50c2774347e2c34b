"""The watch over models at work: drift, estimated accuracy, comparisons, strangers."""
