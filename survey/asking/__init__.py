"""Whom to ask and when: the rules, the schedule, and how managers change both."""
