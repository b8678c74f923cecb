"""The files say what the truth says, and look as a council's do."""

import csv
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engage.demo.borough import Borough, write_borough
from engage.foundation.errors import InputRefused

from .conftest import register

DWELLINGS = r"RD0[1-9]|RH0[23]|RI.*|X"
FIELDS = {"10": 9, "11": 20, "15": 9, "21": 23, "23": 11, "24": 30, "29": 17, "99": 5}


def truth(borough: Borough) -> pd.DataFrame:
    return pd.read_parquet(borough.folder / "truth" / "homes.parquet")


def records(borough: Borough) -> list[list[str]]:
    with borough.paths("gazetteer")[0].open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def table(borough: Borough, code: str) -> pd.DataFrame:
    return pd.read_csv(borough.folder / f"census2021-{code}-oa.csv", index_col="geography code")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_same_seed_writes_the_same_bytes_and_another_does_not(small: Borough, tmp_path: Path) -> None:
    again = write_borough(tmp_path / "again", homes=300, wards=3)
    other = write_borough(tmp_path / "other", homes=300, wards=3, seed=1)
    assert contents(again.folder) == contents(small.folder)
    assert again.truth == small.truth
    assert contents(other.folder)["register_2026-06-01.csv"] != contents(small.folder)["register_2026-06-01.csv"]


def test_writing_again_leaves_nothing_of_the_borough_before(tmp_path: Path) -> None:
    write_borough(tmp_path, homes=60, wards=1)
    for stale in ("register_2026-09-01.csv", "truth/people_2026-09-01.parquet"):
        (tmp_path / stale).write_bytes(b"")
    write_borough(tmp_path, homes=60, wards=1)
    assert {path.name for path in tmp_path.glob("register_*")} == {"register_2026-06-01.csv"}
    assert {path.name for path in tmp_path.glob("truth/people_*")} == {"people_2026-06-01.parquet"}


@pytest.mark.parametrize(("homes", "wards"), [(12_000, 13), (12_000, 0), (149, 3)])
def test_a_borough_that_cannot_be_drawn_is_refused(homes: int, wards: int, tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match=f"{wards} wards and {homes} homes"):
        write_borough(tmp_path, homes=homes, wards=wards)
    assert not list(tmp_path.iterdir())


def test_files_come_in_the_order_they_can_be_imported(small: Borough) -> None:
    kinds = [kind for kind, _ in small.files]
    assert list(dict.fromkeys(kinds)) == [
        *("boundaries", "gazetteer", "geography", "indicator", "population"),
        *("protected", "contacts", "suppressions", "register"),
    ]
    assert len(small.paths("indicator")) == 9
    assert all(path.stat().st_size for _, path in small.files)


def test_headings_are_those_of_the_real_formats(small: Borough, shared: Path) -> None:
    import gzip

    compared = 0
    for _, path in small.files:
        if path.suffix == ".csv" and path.name != "gazetteer_dtf73.csv":
            with gzip.open(shared / "data/east-staffordshire" / f"{path.name}.gz") as real:
                assert path.read_bytes().splitlines()[0] == real.readline().rstrip(b"\r\n"), path.name
            compared += 1
    assert compared == 15


def test_register_has_a_mark_and_dos_line_ends(small: Borough) -> None:
    raw = small.paths("register")[0].read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfPDCode,")
    assert raw.count(b"\n") == raw.count(b"\r\n") == small.truth.register_rows + 1


def test_gazetteer_trailer_counts_its_records(small: Borough) -> None:
    rows = records(small)
    kinds = Counter(row[0] for row in rows)
    assert int(rows[-1][2]) == sum(kinds[kind] for kind in ("11", "15", "21", "23", "24"))
    assert [row[0] for row in (rows[0], rows[-2], rows[-1])] == ["10", "29", "99"]
    assert [int(row[2]) for row in rows[1:-2]] == list(range(1, len(rows) - 2))
    assert {row[0]: len(row) for row in rows} == FIELDS
    assert all(len(row) == FIELDS[row[0]] for row in rows)


def test_gazetteer_homes_are_those_of_the_truth(borough: Borough) -> None:
    blpus = {int(row[3]): row for row in records(borough) if row[0] == "21"}
    homes = {
        uprn: row
        for uprn, row in blpus.items()
        if row[4] == "1" and row[5] in ("2", "3", "") and re.fullmatch(DWELLINGS, row[7]) and not row[14]
    }
    expected = truth(borough).set_index("uprn")
    assert len(homes) == borough.truth.homes == 6_000
    assert {uprn: (row[7], row[18]) for uprn, row in homes.items()} == {
        uprn: (row.blpu_class, row.ward) for uprn, row in expected.iterrows()
    }


def test_gazetteer_has_parents_shops_and_records_of_other_times(borough: Borough) -> None:
    blpus = {row[3]: row for row in records(borough) if row[0] == "21"}
    classes = Counter(row[7] for row in blpus.values())
    assert min(classes[each] for each in ("PP", "RH01", "RH02", "RH03", "RI01", "CR08", "RG02", "RD06")) > 0
    children = [row for row in blpus.values() if row[8]]
    assert {(blpus[row[8]][7], row[7]) for row in children} == {("PP", "RD06"), ("RH01", "RH02")}
    assert sum(row[7] == "RD06" for row in children) == classes["RD06"]
    assert {row[4] for row in blpus.values()} == {"1", "6", "8"}
    assert all(bool(row[14]) == (row[4] == "8") for row in blpus.values())


def test_every_property_has_one_address_of_its_own_status(borough: Borough) -> None:
    rows = records(borough)
    status = {row[3]: row[4] for row in rows if row[0] == "21"}
    own = Counter(row[3] for row in rows if row[0] == "24" and row[6] == status[row[3]])
    assert set(own) == set(status)
    assert set(own.values()) == {1}
    usrns = {row[3] for row in rows if row[0] == "11"}
    assert {row[21] for row in rows if row[0] == "24"} == usrns == {row[3] for row in rows if row[0] == "15"}
    assert len({tuple(row[11:22]) for row in rows if row[0] == "24"}) == sum(row[0] == "24" for row in rows)


def test_directory_places_every_home(borough: Borough) -> None:
    directory = pd.read_csv(borough.paths("geography")[0], dtype={"UPRN": "int64"}).set_index("UPRN")
    expected = truth(borough).set_index("uprn")
    placed = directory.loc[expected.index]
    assert (placed["OA21CD"] == expected["oa"]).all()
    assert (placed["WD25CD"] == expected["ward"]).all()
    assert directory["LAD25CD"].unique().tolist() == [borough.authority_code]
    for inner, outer in (("OA21CD", "LSOA21CD"), ("LSOA21CD", "WD25CD"), ("LSOA21CD", "MSOA21CD")):
        assert directory.groupby(inner)[outer].nunique().max() == 1


def clean_uprn(text: str) -> int:
    return int(text.removesuffix(".00")) if text else 0


def test_register_rows_are_the_electors_of_each_home(borough: Borough) -> None:
    rows = register(borough.paths("register")[0])
    homes = truth(borough).set_index("uprn")
    assert len(rows) == borough.truth.register_rows
    counted = rows["UPRN"].map(clean_uprn).value_counts().drop(0)
    usable = homes[homes["mess"] != "blank_uprn"]["electors"]
    assert counted.reindex(usable.index, fill_value=0).eq(usable).all()
    assert counted.sum() == usable.sum()
    blank = rows[(rows["UPRN"] == "") & ~rows["FranchiseMarker"].isin(["N", "F"])]
    assert len(blank) == borough.truth.electors - usable.sum() > 0


def test_a_blank_uprn_can_still_be_found_by_its_address(borough: Borough) -> None:
    """The address of each such entry is that of one home in the gazetteer, and of no other."""
    rows = records(borough)
    streets = {row[3]: row[4] for row in rows if row[0] == "15"}
    homes = set(truth(borough)["uprn"])
    addresses: dict[tuple[str, str], set[int]] = {}
    for row in rows:
        if row[0] == "24" and row[6] == "1" and int(row[3]) in homes:
            number = f"{row[16]}{row[17]} {streets[row[21]]}".strip()
            words = " ".join(part for part in (row[15], row[20], number) if part)
            addresses.setdefault((words, row[24]), set()).add(int(row[3]))
    assert all(len(uprns) == 1 for uprns in addresses.values())
    entries = register(borough.paths("register")[0])
    entries = entries[(entries["UPRN"] == "") & (entries["FranchiseMarker"].isin(["E", "B"]))]
    known = pd.read_parquet(borough.folder / "truth/entries_2026-06-01.parquet").set_index("elector_id")["home"]
    for entry in entries.to_dict("records"):
        lines = [entry[f"RegisteredAddress{place}"].upper() for place in range(1, 7)]
        words = " ".join(lines[: lines.index("EXAMPLETON")])
        words = words.removesuffix(" ELMSTONE GREEN").removesuffix(" FOXLEY PARVA")
        uprn = truth(borough)["uprn"].iloc[known[int(entry["ElectorID"])]]
        assert addresses[words, entry["PostCode"]] == {uprn}


def test_register_has_the_faults_of_real_ones(borough: Borough) -> None:
    rows = register(borough.paths("register")[0])
    assert rows["UPRN"].str.startswith("0").sum() > 20
    assert rows["UPRN"].str.endswith(".00").sum() > 20
    assert rows["PostCode"].str.contains("  ").sum() > 50
    assert rows["PostCode"].str.endswith(" ").sum() > 20
    assert rows["RegisteredAddress1"].str.fullmatch(r"\d+A?").sum() > 50
    assert rows["RollNo"].str.endswith(".5").sum() > 20
    assert not rows.duplicated(["PDCode", "RollNo"]).any()
    assert not rows["ElectorID"][rows["ElectorID"] != ""].duplicated().any()


def test_an_anonymous_entry_shows_only_that_it_is_there(borough: Borough) -> None:
    rows = register(borough.paths("register")[0])
    hidden = rows[rows["FranchiseMarker"] == "N"]
    assert len(hidden) == borough.truth.anonymous > 0
    assert (hidden.drop(columns=["PDCode", "RollNo", "FranchiseMarker"]) == "").all(axis=None)
    protected = pd.read_csv(borough.paths("protected")[0])["uprn"]
    people = pd.read_parquet(borough.folder / "truth/people_2026-06-01.parquet")
    behind = truth(borough)["uprn"].iloc[people[people["marker"] == "N"]["home"]]
    assert set(behind) <= set(protected)
    assert len(protected) == borough.truth.protected


def test_overseas_electors_have_no_address(borough: Borough) -> None:
    rows = register(borough.paths("register")[0])
    abroad = rows[rows["FranchiseMarker"] == "F"]
    assert len(abroad) == borough.truth.overseas == 15
    assert (abroad[["UPRN", "PostCode", "House", "Ward"]] == "").all(axis=None)
    assert (abroad["RegisteredAddress1"] == "Other Electors").all()


def attainments(dates: pd.Series) -> pd.Series:
    """Some systems write day first, others ISO; pandas' own guess would swap day and month of the latter."""
    british = dates.str.contains("/")
    return pd.concat(
        [pd.to_datetime(dates[british], format="%d/%m/%Y"), pd.to_datetime(dates[~british], format="%Y-%m-%d")]
    )


def test_attainers_turn_18_within_two_years(borough: Borough) -> None:
    dates = register(borough.paths("register")[0])["DateOfAttainment"]
    dates = dates[dates != ""]
    parsed = attainments(dates)
    assert dates.str.contains("/").any()
    assert dates.str.contains("-").any()
    assert parsed.between("2026-06-02", "2028-06-01").all()
    people = pd.read_parquet(borough.folder / "truth/people_2026-06-01.parquet")
    assert len(dates) == (people["on_register"] & (people["age"] < 18) & (people["marker"] != "N")).sum() > 10


PARTS = {
    "ts003": "One person household|Single family household|Other household types",
    "ts021": "Asian, Asian British or Asian Welsh|Black, Black British, Black Welsh, Caribbean or African|"
    "Mixed or Multiple ethnic groups|White|Other ethnic group",
    "ts029": "Main language is English (English or Welsh in Wales)|"
    "Main language is not English (English or Welsh in Wales)",
    "ts054": "Owned|Shared ownership|Social rented|Private rented|Lives rent free",
    "ts068": "Student|Not a student",
}


@pytest.mark.parametrize("code", PARTS)
def test_census_parts_make_the_whole(borough: Borough, code: str) -> None:
    counts = table(borough, code).drop(columns=["date", "geography"])
    counts.columns = [column.split(": ", 1)[1].removesuffix("; measures: Value") for column in counts]
    parts = counts[PARTS[code].split("|")].sum(axis=1)
    assert (parts == counts.filter(regex="^Total").iloc[:, 0]).all()
    assert (parts > 0).all()


def test_census_tables_agree_with_the_truth_and_each_other(borough: Borough) -> None:
    homes = truth(borough)
    people = table(borough, "ts007a")["Age: Total"]
    assert people.sum() == borough.truth.residents
    assert (table(borough, "ts019").filter(like="Total").iloc[:, 0] == people).all()
    assert (table(borough, "ts021").filter(like="Total").iloc[:, 0] == people).all()
    private = homes[homes["occupied"] & (homes["tenure"] != "communal")]
    households = private.groupby("oa").size()
    for code in ("ts003", "ts017", "ts054"):
        assert (table(borough, code).filter(like="Total").iloc[:, 0] == households).all()
    renting = private[private["tenure"] == "private"].groupby("oa").size().reindex(households.index, fill_value=0)
    tenure = table(borough, "ts054")
    counted = tenure["Tenure of household: Private rented"] + tenure["Tenure of household: Lives rent free"]
    assert (counted == renting).all()


def test_household_sizes_hold_the_residents(small: Borough) -> None:
    sizes = table(small, "ts017").filter(regex="in household")
    largest = sizes.iloc[:, -1].sum()
    held = sum(size * count for size, count in enumerate(sizes.sum().tolist()))
    communal = 24 * (truth(small)["tenure"] == "communal").sum()
    assert largest == 0
    assert held + communal == small.truth.residents


def test_population_by_single_years_agrees_with_the_census(borough: Borough) -> None:
    estimate = pd.read_csv(borough.paths("population")[0]).set_index("area_code")
    years = estimate[[*(str(age) for age in range(90)), "90+"]]
    assert (years.sum(axis=1) == estimate["all_ages"]).all()
    assert (years.iloc[:, 16:65].sum(axis=1) == estimate["aged_16_to_64"]).all()
    bands = table(borough, "ts007a").drop(columns=["date", "geography", "Age: Total"]).sum().to_numpy()
    whole = years.sum().to_numpy()
    assert np.add.reduceat(whole, range(0, 90, 5)).tolist() == bands.tolist()


def test_deprivation_ranks_fit_their_deciles(borough: Borough) -> None:
    areas = pd.read_csv(borough.paths("indicator")[-1])
    rank = areas["Index of Multiple Deprivation (IMD) Rank (where 1 is most deprived)"]
    decile = areas["Index of Multiple Deprivation (IMD) Decile (where 1 is most deprived 10% of LSOAs)"]
    assert rank.between(1, 33_755).all()
    assert (decile == np.ceil(rank / 33_755 * 10)).all()
    assert decile.nunique() > 4


def test_completeness_follows_the_published_rates(borough: Borough) -> None:
    homes = truth(borough)
    assert (homes["eligible"] - homes["registered"] == homes["unregistered"]).all()
    assert (homes["unregistered"] >= 0).all()
    assert borough.truth.completeness == pytest.approx(0.84, abs=0.015)
    rate = homes.groupby("tenure")[["registered", "eligible"]].sum().eval("registered / eligible")
    assert rate["outright"] == pytest.approx(0.95, abs=0.02)
    assert rate["mortgage"] == pytest.approx(0.885, abs=0.025)
    assert rate["private"] == pytest.approx(0.61, abs=0.05)
    wards = homes.groupby("ward")[["registered", "eligible"]].sum().eval("registered / eligible")
    assert wards.min() < 0.78
    assert wards.max() > 0.88


def test_only_invented_people_can_be_reached(borough: Borough) -> None:
    contacts = pd.read_csv(borough.paths("contacts")[0], dtype=str, keep_default_na=False)
    addresses = contacts["email"][contacts["email"] != ""]
    assert addresses.str.fullmatch(r"[a-z.\-]+\d+@([a-z]+\.)?example\.(com|org|net)").all()
    mobiles = contacts["mobile"][contacts["mobile"] != ""].str.replace(" ", "")
    assert mobiles.str.fullmatch(r"07700900\d{3}").all()
    assert not mobiles.str[-3:].isin(["000", "111", "222"]).any()
    assert not mobiles.duplicated().any()
    assert not addresses.duplicated().any()
    assert ((contacts["email"] != "") | (contacts["mobile"] != "")).all()


def test_about_half_the_homes_can_be_reached(borough: Borough) -> None:
    contacts = pd.read_csv(borough.paths("contacts")[0], dtype=str, keep_default_na=False)
    homes = truth(borough)
    assert set(contacts["uprn"].astype("int64")) <= set(homes["uprn"][homes["occupied"]])
    assert contacts["uprn"].nunique() == borough.truth.reachable
    assert 0.42 < borough.truth.reachable / borough.truth.homes < 0.58
    assert 0 < (contacts["lawful_basis"] == "").mean() < 0.03
    assert 0 < (contacts["unsubscribed"] == "Y").mean() < 0.03


def test_suppressions_are_of_contacts_we_hold(borough: Borough) -> None:
    contacts = pd.read_csv(borough.paths("contacts")[0], dtype=str, keep_default_na=False)
    suppressions = pd.read_csv(borough.paths("suppressions")[0], dtype=str)
    assert set(suppressions["type"]) == {"email", "mobile", "uprn"}
    for kind, values in suppressions.groupby("type")["value"]:
        assert set(values) <= set(contacts[str(kind)])
    assert len(suppressions) == borough.truth.suppressions
