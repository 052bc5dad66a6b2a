"""Back-ends: generic Triton models that a catalogue entry turns into a model of its own.

An entry names one (`backend: diffusers_image`) and says with `options` what to load and how.
`options` checks that, `folders` writes it as a Triton model folder, and `served` is what the model
finds there. The code that runs beside Triton is `generation/serving/tidegate_backends`.
"""
