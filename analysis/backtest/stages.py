"""The stages of a backtest, in order, by the names that its progress tells."""

READING, REPLAYING, MEASURING, EXPLAINING = "read comments", "replay weeks", "draw samples", "explain flags"
STAGES = (READING, REPLAYING, MEASURING, EXPLAINING)
