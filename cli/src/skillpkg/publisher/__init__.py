"""What a publisher does with its own key: certificate requests, certificates, signatures."""
