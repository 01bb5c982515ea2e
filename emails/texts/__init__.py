"""The texts of the emails to clients: built in, and the firm's own in versions."""
