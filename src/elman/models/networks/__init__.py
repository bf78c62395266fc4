"""Networks and decoding that several jobs share: encoder, pooling, decoder, attention, beam search."""
