"""What can a test detect: before it is run, and of one that was?"""
