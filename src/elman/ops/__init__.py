"""The recurrences as operations on tensors: the native ones, the reference, and the choice between them."""
