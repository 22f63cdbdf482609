"""Small programs that run on the nodes' own python3: standard library only, JSON in, JSON out."""
