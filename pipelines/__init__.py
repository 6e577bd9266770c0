"""Floor 3: when and where it runs, and the doors to it. The only floor that reads the environment."""
