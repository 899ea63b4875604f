"""The company's way of working as versioned data, in parts."""
