"""Values become text: for a terminal, a plain log, JSON and Markdown. Nothing from outside reaches a screen unescaped."""
