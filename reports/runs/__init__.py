"""What does the page on a set of runs show?"""
