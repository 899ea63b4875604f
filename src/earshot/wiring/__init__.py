"""The tables of the house: what follows from what. The only place that knows every room."""
