"""The parts of a PC that modules read and change."""
