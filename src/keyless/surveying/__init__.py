"""Looking at the world: services' answers and the pure rooms' judgement of them, put together. Nothing here changes anything."""
