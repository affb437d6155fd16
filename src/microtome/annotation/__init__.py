"""What people write: labels, notes, ratings and supernodes, in a database."""
