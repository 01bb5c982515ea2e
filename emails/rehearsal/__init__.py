"""A provider of our own for rehearsals: SendGrid's documented behaviour over real HTTP, with faults on demand.

`flask emails rehearse` tries the whole engine against it, and so do the tests. Nothing that sends knows of it: it is
reached through SENDGRID_BASE_URL like the real one.
"""
