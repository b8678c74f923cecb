"""Made-up files of the council's other systems: lists of properties, and records of people."""
