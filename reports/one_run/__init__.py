"""What does the page on one run show?"""
