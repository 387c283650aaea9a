"""Wrong and right ones of several operations: manners, refusals, memory, cheats."""
