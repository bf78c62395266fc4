"""Share networks and decoding among jobs: encoder, pooling, decoder, attention, beam search."""
