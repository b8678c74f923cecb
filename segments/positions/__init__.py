"""Points moved once to the new map, tile by tile."""
