"""What was seen on a survey's link, who it was, and the answers that do not count."""
