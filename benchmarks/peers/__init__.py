"""What else one would use, each in a file of its own that runs by itself; `catalogue` lists them.

Each is a command that prints one JSON line: the records it moved, the seconds it took without starting
Python and importing, and the versions of what it is made of.
"""
