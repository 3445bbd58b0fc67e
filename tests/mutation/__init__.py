"""`python -m tests.mutation [ROOM…]`: is every line of the rooms that must not be wrong held by a test of its own?"""
