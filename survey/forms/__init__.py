"""WTForms of the survey package: what the client fills in, and what managers do."""
