"""Floor 0: what the data is, in files any language can read. The Python here only reads and compiles them."""
