"""Many clients answer the email instead of clicking. What they write becomes a comment on the job it is about."""
