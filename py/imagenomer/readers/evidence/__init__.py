"""Evidence: what the numbers and names themselves say of how a file is to be read.

Each module answers one question with a verdict, the numbers behind it in sentences, and "cannot tell" where the
margin is too small; then somebody is asked. All of it is NumPy on arrays and lists: no file and no cohort.
"""
