"""What is kept, under the digest of what it depends on."""
