"""The HTTP edge of the survey package: parse, call one service, render or redirect."""
