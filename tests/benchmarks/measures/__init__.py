"""One module per benchmark, each with `measure(stand) -> Result`."""
