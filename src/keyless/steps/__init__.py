"""One kind of step each: how to check the world, act, and confirm. The engine runs them."""
