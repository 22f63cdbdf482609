"""Programs that run on devices: standard library only, Python 3.9."""
