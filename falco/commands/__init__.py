"""What the command does, one module for each group of options."""
