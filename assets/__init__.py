"""Floor 2: how the data is made. One file per table, mostly one SELECT; `build.py` runs them.

Nothing here reads the environment; everything needed comes in a `Context`."""
