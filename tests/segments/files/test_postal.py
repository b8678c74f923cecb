import pytest
from hypothesis import given
from hypothesis import strategies as st

from segments.files.postal import titled


@pytest.mark.parametrize(
    ("shouted", "said"),
    [
        ("MILL LANE", "Mill Lane"), ("BARTON UNDER NEEDWOOD", "Barton under Needwood"), ("STOKE-ON-TRENT", "Stoke-on-Trent"),
        ("KEEPER'S LODGE", "Keeper's Lodge"), ("O'NEILL ROAD", "O'Neill Road"), ("THE GREEN", "The Green"), ("FLAT 2B", "Flat 2B"),
        ("1ST FLOOR", "1st Floor"), ("ST MARY'S DRIVE", "St Mary's Drive"), ("HMP DOVEGATE", "HMP Dovegate"), ("", ""),
        ("MCDONALD COURT", "McDonald Court"), ("PEN-Y-BONT", "Pen-y-Bont"), ("ROLLESTON ON DOVE", "Rolleston on Dove"), ("12-14", "12-14"),
        ("Mill lane", "Mill lane"), ("LÔN Y FELIN", "Lôn y Felin"),
    ],
)  # fmt: skip
def test_addresses_as_people_write_them(shouted: str, said: str) -> None:
    assert titled(shouted) == said


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -'&.,"))
def test_only_the_case_changes(text: str) -> None:
    assert titled(text).upper() == text
    assert titled(titled(text)).upper() == text
