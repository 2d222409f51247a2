"""impasto-lab: compare models, sweep recipes, plot losses, paint folders. See docs/lab.md."""
