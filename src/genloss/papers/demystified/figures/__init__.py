"""The paper's figures, one module each with a ``run`` that answers with a `Reproduction`."""
