"""What clients' answers add up to: figures with their intervals, the way from a closed job to an answer, comments."""
