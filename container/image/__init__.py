"""Tools for building the image; the finished image does not contain them."""
