"""What was received: files as they came, the ledger, and the intake tables the gate makes of them."""
