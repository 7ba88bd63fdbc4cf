"""Conversations with git servers: connections, logins, time-outs, and what went wrong in words."""
