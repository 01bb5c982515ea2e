"""Reading what clients write. Pure: usable from a notebook, no Flask, no database."""
