"""Give every step of a sequence its tag: `SequenceTagger`."""
