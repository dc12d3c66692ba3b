"""What script/returns is made of."""
