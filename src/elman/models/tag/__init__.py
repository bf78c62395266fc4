"""Tag every step of a sequence: `SequenceTagger`."""
