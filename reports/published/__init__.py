"""What does the page on printed results show?"""
