"""Replays a firm's past week by week and measures what would have been known: pure, but for the reading of words."""
