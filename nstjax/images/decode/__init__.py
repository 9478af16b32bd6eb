"""Picture files' contents to numbers, whatever their format, color space and depth."""
