"""The service levels L1-L4 as checks: catalogue, measurements, pyATS session, scorecard."""
