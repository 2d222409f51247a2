"""Krita's documents: what is painted, and where the painting goes. For Krita's own thread alone."""
