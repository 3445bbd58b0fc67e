"""GitHub, simulated: one web application over the rehearsal's store, and functions that arrange its world."""
