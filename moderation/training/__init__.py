"""Training and measuring the gate's own classifier heads; command lines, nothing imports them."""
