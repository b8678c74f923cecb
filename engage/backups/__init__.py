"""Copies of a whole deployment, made while it works, read and put back."""
