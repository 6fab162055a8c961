"""Which commands made a model, from which models, and what did each do to the weights?"""
