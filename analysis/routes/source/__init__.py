"""Which route does code describe that nobody was seen to run?"""
