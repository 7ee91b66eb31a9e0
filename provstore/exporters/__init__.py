"""Ways to write what provstore knows for others; each a pure function from nouns to text.

text      a drawing for the terminal
dot       a drawing for Graphviz; SVG and PNG by its program `dot`
mermaid   a drawing for Markdown pages
"""
