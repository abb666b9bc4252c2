"""The app in the browser: four views of the verbs, served to this machine.

A view is a file here and one of the same name in ``static``: pure functions from what the page asks to
what it shows. Quick answers are computed in the server, all others in a process that can be ended.
"""
