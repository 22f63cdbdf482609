"""The low-level design of a city as documents: Markdown with SVG pictures, and a page with the map.

Everything comes from the plan. `write.write_documents` is the one verb; what only people read is bilingual.
"""
