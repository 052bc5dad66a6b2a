"""The console's pages: translate, ask one selector or service, render."""
