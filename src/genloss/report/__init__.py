"""What the command line prints: tables and sentences a newcomer understands, numbers never cut.

One file an answer, opened by the command that prints it.
"""
