"""The atlas: what is known of every feature of a dictionary."""
