"""Job closed → invitation scheduled → answer submitted, and the ground floor every package stands on."""
