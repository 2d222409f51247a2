"""What the conformance run is made of: servers, a network that breaks, pictures, drivers, and the judge."""
