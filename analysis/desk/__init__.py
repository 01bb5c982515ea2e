"""What the desk's pages read: queries that shape rows for people. Nothing here writes."""
