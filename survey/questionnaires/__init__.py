"""What is asked: questionnaires as versioned documents, and what a client's answers to one may be."""
