"""The paper's figures, one module each with a `Study` called ``STUDY``."""
