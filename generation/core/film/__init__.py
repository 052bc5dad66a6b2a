"""What a film is made of before there are pixels: camera, captions, container. No libraries."""
