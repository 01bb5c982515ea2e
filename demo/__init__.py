"""The demo firm: forty clients, eighteen months, dates relative to today."""
