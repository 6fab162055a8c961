"""Statistics: each a frozen set of parameters and one pure call on arrays; nothing here knows a trace."""
