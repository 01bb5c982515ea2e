"""What clients put right themselves: who is asked, how often, and whether the job is done."""
