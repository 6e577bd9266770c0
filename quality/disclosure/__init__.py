"""What must not leave the house: private columns and personal data (columns, texts), and numbers about few (cells)."""
