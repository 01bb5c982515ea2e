"""Words kept: readings, corrections, the firm's own subjects and calibration, themes."""
