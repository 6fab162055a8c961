"""How is it shown? Figures, tables, notebooks, HTML."""
