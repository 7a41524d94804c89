"""What judges from within the sandbox: laid there as files, so standard library only.

Rule 1: the code under test is in another process than whatever holds a test or the key.
Rule 2: a frame from that process is data; nothing in it is executed or looked up by name.
"""
