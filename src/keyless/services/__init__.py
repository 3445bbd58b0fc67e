"""The outside world: ports (protocols) and one adapter each. Nothing above this room speaks HTTP."""
