"""The lesson's exhibits as computation: real numbers of this project's models, each worked out by hand so that it can be checked."""
