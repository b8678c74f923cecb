"""What many pages show alike: filters, tables as cards, names of colleagues."""
