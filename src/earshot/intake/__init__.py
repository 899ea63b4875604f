"""Import with preview: other systems' data, mapped by a file, kept with its row where it is bad."""
