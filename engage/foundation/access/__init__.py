"""Who may do what: the table of rights, and the tokens of other systems."""
