"""One job after the other and side by side: when each starts, and what becomes of it."""
