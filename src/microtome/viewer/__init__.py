"""The built viewer, as one HTML file or in a notebook; it takes documents and knows no graph."""
