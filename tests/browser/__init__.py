"""The viewer in a real browser."""

from playwright.sync_api import expect

# As long as a step may take: two cores have other work in CI, and the server checks every type.
expect.set_options(timeout=20_000)
