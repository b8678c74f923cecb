"""Whom a request is from: signed in, a system, a browser, an address, and how often each has tried."""
