"""How steady painted films are, what that costs, and what it takes in memory."""
