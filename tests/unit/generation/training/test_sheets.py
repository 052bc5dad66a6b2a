"""The pictures a training run draws about itself."""

import numpy as np
import pytest

from generation.training.sheets import curve, grid, labelled


def test_pictures_are_laid_out_row_by_row() -> None:
    pictures = np.zeros((3, 4, 5, 3), dtype=np.uint8)
    pictures[2] = 200
    sheet = np.asarray(grid(pictures, columns=2))
    assert sheet.shape == (8, 10, 3)
    assert (sheet[:4] == 0).all()
    assert (sheet[4:, :5] == 200).all()
    assert (sheet[4:, 5:] == 255).all()


def test_every_picture_needs_its_label() -> None:
    with pytest.raises(ValueError, match="zip"):
        labelled(np.zeros((2, 4, 4, 3), np.uint8), ["one"], columns=2, font=None)


def test_labels_stand_below_their_pictures() -> None:
    pictures = np.full((1, 40, 90, 3), 7, np.uint8)
    sheet = np.asarray(labelled(pictures, ["a rather long label"], columns=1, font=None))
    assert (sheet[:40] == 7).all()
    first, second = sheet[40:54], sheet[54:68]
    assert first.min() < 255
    assert second.min() < 255


def test_a_curve_needs_two_points() -> None:
    with pytest.raises(ValueError, match="two points"):
        curve([(100, 0.5)], title="loss")


def test_a_falling_loss_falls_on_the_page() -> None:
    sheet = np.asarray(curve([(100, 1.0), (200, 0.1)], title="loss"))
    blue = np.argwhere((sheet == (0x1F, 0x5F, 0xBF)).all(axis=-1))
    leftmost, rightmost = blue[blue[:, 1].argmin()], blue[blue[:, 1].argmax()]
    assert leftmost[0] < rightmost[0]
