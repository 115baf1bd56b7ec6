"""What a user hands over: samples, labels, pictures and nested inputs, brought into one form."""
