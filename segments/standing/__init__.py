"""Where the gazetteer stands in the improvement schedule, by month, and what would lift it."""
