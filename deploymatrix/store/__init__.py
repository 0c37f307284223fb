"""Results, each under the digest of what it depends on."""
