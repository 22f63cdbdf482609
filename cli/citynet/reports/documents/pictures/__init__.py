"""Topology pictures: what they show (fibre, ip, service), where it goes (layout, labels), SVG (svg, draw)."""
