"""What is told to the sender: the verdict as plain data, and his workbook marked up. Not finding anything."""
