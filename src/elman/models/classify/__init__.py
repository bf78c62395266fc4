"""Give a whole sequence its label, or its labels: `SequenceClassifier`."""
