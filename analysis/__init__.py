"""Text analysed → relationship scored → flagged → manager acts → outcome learned."""
