"""Pure planning: a survey and answers make a plan; a journal makes the plan that undoes it, or the one that ends it."""
