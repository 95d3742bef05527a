"""The flows: what a technician asks for, put together from core and edges."""
