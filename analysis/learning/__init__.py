"""What came of it: outcomes, scorecard, drift, and weights that people accept."""
