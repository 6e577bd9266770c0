"""The Excel workbooks that filers fill in, made of the contracts. Not reading them when they come back."""
