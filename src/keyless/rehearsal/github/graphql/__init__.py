"""The part of GitHub's GraphQL that reads repositories and writes commits."""
