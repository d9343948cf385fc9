"""The runs of step 2 as people see them: how each stands, the list of all, and a prompt tried before."""
