"""Starting designs: made from a topology somebody else wrote down, from an example, or blank."""
