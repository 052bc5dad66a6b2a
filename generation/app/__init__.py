"""Jobs: requests that become assets."""
