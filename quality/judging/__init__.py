"""Text tables -> accepted rows, held rows and every reason. Not opening files, not comparing tables."""
