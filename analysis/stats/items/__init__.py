"""Does the best of k submissions gain, judged on the same items as the base?"""
