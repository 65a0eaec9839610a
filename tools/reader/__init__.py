"""A reader of Stet's stores that shares no code with Stet: written from docs/format.md alone, so that the page is enough."""
