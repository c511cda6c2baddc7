"""What runs behind the emulated load balancers."""
