"""Email sent → delivery events."""
