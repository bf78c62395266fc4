"""Classify vectors, or a fixed window of a sequence, without recurrence: `FeedForward` and `WindowMLP`."""
