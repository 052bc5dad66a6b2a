"""Work on given pictures that needs no drawing model: enlarging, painting, changing the ground."""
