"""The code of the back-ends: generic Triton models that a catalogue entry fills with weights.

A rendered model folder (`generation.core.backends.folders`) holds three lines that import the
`TritonPythonModel` of one module here. The rest is shared: `replies` speaks the generators'
protocol, `requests` reads it, `sources` finds weights, `places` puts them on a device, `versions`
names what was loaded. It runs beside Triton only, where torch is.
"""
