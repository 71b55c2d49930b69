"""Bad input by the ten thousand: `python -m tests.fuzz --inputs 100000`, or `make fuzz`.

Every way in is fed what a hostile or unlucky hand could send. Counted are inputs, faults of ours (an error that no code
expects, a 500) and partial writes (rows that a refused input left behind). `inputs` makes what is sent, `doors` are the
ways in, `feeding` counts.
"""
