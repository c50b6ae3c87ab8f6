"""Pictures: charts and panels as SVG, without a library: elements, escaped, in a box of known size."""
