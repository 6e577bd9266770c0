"""Who published: keys, and signatures by OpenSSH.

What belongs here: making keys and certificates, signing, checking one signature. What does not: checking a whole store
(audit/).
"""
