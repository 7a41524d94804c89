"""Attacks of our own on the sandbox: each tries one way out, and says whether it got there.

Rule 1: an attack is a function that runs inside and returns the evidence of its success; what
it raises, and nothing returned, is containment.
Rule 2: what can be seen from outside is looked for there too: the attacker is not believed.
Rule 3: each attack can succeed: most do where nothing contains them, and a test proves it.
Rule 4: an attack that succeeds harms nothing: what it takes is bounded and a decoy.
"""
