"""Flags raised and cleared, what people do about them, who is told."""
