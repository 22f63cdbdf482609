"""The optical base: from fibres and demands to lit paths, wavelengths and ODUs. GNPy judges the light."""
