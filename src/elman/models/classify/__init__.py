"""Classify whole sequences: `SequenceClassifier`."""
