"""What is known of every key: in the stores, at the vendor, and as a table or JSON."""
