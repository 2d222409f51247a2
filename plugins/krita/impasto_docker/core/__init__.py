"""The half that knows neither Krita nor Qt: what is chosen, the server, jobs, and what became of them."""
