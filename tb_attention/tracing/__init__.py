"""How attention weights leave a model: its graph, the rules that find sites in it, and one folder for each backend."""
