"""The first web page: native modules, served as they are."""
