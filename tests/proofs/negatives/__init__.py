"""One true release, one thing changed each: what the gate must never open for."""
