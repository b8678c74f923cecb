"""Homes in the order in which somebody walks past them, and codes that say so when they are mistyped."""

from random import Random

import pytest

from campaigns.canvass import codes
from campaigns.canvass.walking import Door, natural, order, rounds


def door(uprn: int, *lines: str, street: str = "High Street", at: tuple[float, float] | None = None) -> Door:
    x, y = at or (None, None)
    return Door(uprn, (*lines, "Burton", "DE14 1AA"), street, None, x, y)


def walked(*doors: Door) -> list[str]:
    return [" / ".join(stop.door.lines[:-2]) for stop in order(doors)]


def test_up_the_odd_side_and_down_the_even_one_with_flats_within_their_building() -> None:
    doors = [
        door(n, line)
        for n, line in enumerate(["10 High Street", "2 High Street", "1 High Street", "11 High Street", "3 High Street",
                                  "12A High Street", "12 High Street", "100-102 High Street"])
    ]  # fmt: skip
    doors += [
        door(20, "Flat 10", "9 High Street"), door(21, "Flat 2", "9 High Street"),
        door(22, "First Floor Flat", "5 High Street"), door(23, "Ground Floor Flat", "5 High Street"),
        door(24, "Flat B", "Mill House", "7 High Street"), door(25, "Flat A", "Mill House", "7 High Street"),
        door(26, "2, 13 High Street"), door(27, "1, 13 High Street"),
    ]  # fmt: skip
    assert walked(*doors) == [
        "1 High Street", "3 High Street", "Ground Floor Flat / 5 High Street", "First Floor Flat / 5 High Street",
        "Flat A / Mill House / 7 High Street", "Flat B / Mill House / 7 High Street", "Flat 2 / 9 High Street",
        "Flat 10 / 9 High Street", "11 High Street", "1, 13 High Street", "2, 13 High Street", "100-102 High Street",
        "12A High Street", "12 High Street", "10 High Street", "2 High Street",
    ]  # fmt: skip


def test_a_house_with_a_name_stands_where_it_lies_and_else_at_the_end() -> None:
    numbers = [door(n, f"{n} High Street", at=(10.0 * n, 0.0 if n % 2 else 30.0)) for n in range(1, 7)]
    named = [
        door(50, "Zion Cottage", "High Street", at=(11.0, -4.0)),
        door(51, "The Old Forge", "High Street", at=(41.0, 33.0)),
        door(52, "Flat 2", "Ash Court", "High Street"), door(53, "Flat 1", "Ash Court", "High Street"),
    ]  # fmt: skip
    assert walked(*named, *numbers) == [
        "1 High Street", "Zion Cottage / High Street", "3 High Street", "5 High Street", "6 High Street",
        "4 High Street", "The Old Forge / High Street", "2 High Street", "Flat 1 / Ash Court / High Street",
        "Flat 2 / Ash Court / High Street",
    ]  # fmt: skip


def test_streets_go_on_at_the_nearest_and_two_of_one_name_are_two() -> None:
    far, near, start = (
        [Door(10 * n + i, (f"{i} {name}", "Burton", "DE14 1AA"), name, n, x, 0.0) for i in (1, 3)]
        for n, name, x in ((1, "Ash Road", 900.0), (2, "Park Road", 500.0), (3, "Park Road", 100.0))
    )
    assert [stop.door.usrn for stop in order([*far, *near, *start])] == [3, 3, 2, 2, 1, 1]
    unknown = [Door(1, ("1 Elm Row", "Ashby", "DE1 2AA")), Door(2, ("Rose Cottage", "Elm Row", "Tutbury", "DE1 3AA"))]
    assert [stop.street for stop in order(unknown)] == ["Elm Row", "Elm Row"]


@pytest.mark.parametrize("seed", range(3))
def test_every_home_once_whatever_its_number_and_in_one_round(seed: int) -> None:
    lot = Random(seed)
    doors = []
    for n in range(40):
        number, flat, street = lot.randrange(12), lot.randrange(4), lot.choice(("A Street", "B Street"))
        within = [f"Flat {flat}"] if flat else []
        line = f"{number} {street}" if number else street
        doors.append(door(n, *within, line, street=street, at=(float(number), 1.0) if flat else None))
    size = lot.randrange(1, 9)
    stops = order(doors)
    assert sorted(stop.door.uprn for stop in stops) == list(range(40))
    assert order(reversed(doors)) == stops
    parts = list(rounds(stops, size))
    assert [stop for part in parts for stop in part] == stops
    assert all(0 < len(part) <= size for part in parts)


def test_a_round_ends_between_buildings() -> None:
    doors = [door(n, f"{n} High Street") for n in (1, 3)] + [door(10 + n, f"Flat {n}", "5 High Street") for n in (1, 2)]
    assert [len(part) for part in rounds(order(doors), 3)] == [2, 2]
    assert natural("Flat 2") < natural("Flat 10") < natural("Flat 10A")


def test_a_code_is_known_however_it_is_typed_and_a_slip_is_told() -> None:
    lists, lines = codes.of_list(), list(codes.of_lines(300))
    assert len(set(lines)) == 300
    for code in (lists, *lines[:20]):
        assert codes.plain(f" {code[:2].lower()}-{code[2:]} ") == code
        slips = {code[:at] + other + code[at + 1 :] for at in range(len(code)) for other in codes.LETTERS} - {code}
        assert [slip for slip in slips if codes.plain(slip)] == []
        turned = {code[:at] + code[at + 1] + code[at] + code[at + 2 :] for at in range(len(code) - 1)} - {code}
        assert [slip for slip in turned if codes.plain(slip)] == []
    assert codes.plain("") == codes.plain("A1") == codes.plain(lists + "B") == ""
