"""What every room stands on: settings, database, lake, identity, audit, clock, privacy, errors."""
