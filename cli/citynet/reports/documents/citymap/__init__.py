"""The map: one self-contained page. Its scripts are plain JavaScript, put into the page when it is written."""
