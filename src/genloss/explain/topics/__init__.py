"""The texts: one Markdown file a topic, each told for newcomers, engineers and theorists.

Its head says where it stands in reading order, its title, a line for the list, and the experiment
whose figure shows it. In the text ``{name}`` is a number of the file of that name in `numbers`.
"""
