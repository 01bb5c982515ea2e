"""The transports: local mailbox, SendGrid, SMTP. All pass one contract suite."""
