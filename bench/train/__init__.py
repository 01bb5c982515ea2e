"""Recipes that refit what ships from labelled text."""
