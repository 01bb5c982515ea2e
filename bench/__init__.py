"""Measurements. Nothing in here is imported by the application."""
