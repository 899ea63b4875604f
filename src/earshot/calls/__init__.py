"""The process calls: duties of units, raised by the trigger table, taken and answered by people."""
