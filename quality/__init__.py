"""Whether the data is good: reading, the gate, checks before write. Knows contracts, never Dagster."""
