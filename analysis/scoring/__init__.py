"""What is known about each client, and where the relationship stands."""
