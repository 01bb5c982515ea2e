"""The HTTP edge of the analysis package: the flagged list, clients, learning."""
