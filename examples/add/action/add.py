"""The whole action: `datatorch` reads the step's inputs and sets its outputs."""

import datatorch

inputs = datatorch.get_inputs()
datatorch.set_output("sum", inputs["a"] + inputs["b"])
