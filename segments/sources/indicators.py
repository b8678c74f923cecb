"""The indicators rules can ask for: name, unit and level of each, and how it follows from published counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Indicator:
    """A share is `of` some published counts over the table's total, or, if `rest`, all but them. `of` gives labels
    without the table's prefix, as published, in small letters. A choice is a code, of those in `choices`."""

    label_en: str
    label_cy: str
    unit: Literal["share", "number", "choice"]
    level: Literal["oa", "lsoa"]
    table: str
    of: tuple[str, ...] = ()
    rest: bool = False
    choices: Mapping[str, tuple[str, str]] | None = None  # code: (English, Welsh)


def _share(label_en: str, label_cy: str, table: str, *of: str, rest: bool = False) -> Indicator:
    return Indicator(label_en, label_cy, "share", "oa", table, of, rest)


def _deprivation(label_en: str, label_cy: str, of: str, table: str = "imd2025") -> Indicator:
    return Indicator(label_en, label_cy, "number", "lsoa", table, (of,))


def _aged(first: int, last: int) -> tuple[str, ...]:
    return tuple(f"aged {age} to {age + 4} years" for age in range(first, last, 5))


MOST = "(where 1 is most deprived)"
MOST_DECILE = "(where 1 is most deprived 10% of lsoas)"
IMD = "index of multiple deprivation (imd)"
ASIAN = "asian, asian british or asian welsh"
BLACK = "black, black british, black welsh, caribbean or african"
NOT_ENGLISH = "main language is not english (english or welsh in wales)"
SAME_ADDRESS = "address one year ago is the same as the address of enumeration"
WHITE_BRITISH = "white: english, welsh, scottish, northern irish or british"

# The Output Area Classification of 2021, by code; published in English only, the Welsh is ours.
SUPERGROUPS = {
    "1": ("Retired Professionals", "Gweithwyr proffesiynol wedi ymddeol"),
    "2": ("Suburbanites and Peri-Urbanites", "Trigolion maestrefol a chyrion trefi"),
    "3": ("Multicultural and Educated Urbanites", "Trigolion trefol amlddiwylliannol ac addysgedig"),
    "4": ("Low-Skilled Migrant and Student Communities", "Cymunedau mudwyr sgiliau isel a myfyrwyr"),
    "5": ("Ethnically Diverse Suburban Professionals", "Gweithwyr proffesiynol maestrefol ethnig amrywiol"),
    "6": ("Baseline UK", "Y DU nodweddiadol"),
    "7": ("Semi- and Un-Skilled Workforce", "Gweithlu lled-fedrus a di-grefft"),
    "8": ("Legacy Communities", "Hen gymunedau diwydiannol"),
}

# Ethnic group: areas only (output area or larger); never a property of a home or a person (DPA 2018 s.10).
INDICATORS: dict[str, Indicator] = {
    "owned_share": _share("households that own their home", "aelwydydd sy'n berchen ar eu cartref", "ts054", "owned"),
    "social_rented_share": _share(
        "households that rent from a council or housing association", "aelwydydd sy'n rhentu'n gymdeithasol", "ts054",
        "social rented"),
    "private_rented_share": _share(
        "households that rent privately", "aelwydydd sy'n rhentu'n breifat", "ts054", "private rented"),
    "one_person_share": _share("one person households", "aelwydydd un person", "ts003", "one person household"),
    "shared_household_share": _share(
        "households of sharers and other kinds", "aelwydydd o rannwyr a mathau eraill", "ts003",
        "other household types"),
    "large_household_share": _share(
        "households of five or more", "aelwydydd o bump neu fwy", "ts017", "5 people in household",
        "6 people in household", "7 people in household", "8 or more people in household"),
    "moved_last_year_share": _share(
        "people who moved in the last year", "pobl a symudodd yn y flwyddyn ddiwethaf", "ts019", SAME_ADDRESS,
        rest=True),
    "aged_15_to_24_share": _share("people aged 15 to 24", "pobl 15 i 24 oed", "ts007a", *_aged(15, 25)),
    "aged_20_to_34_share": _share("people aged 20 to 34", "pobl 20 i 34 oed", "ts007a", *_aged(20, 35)),
    "aged_65_and_over_share": _share(
        "people aged 65 and over", "pobl 65 oed a throsodd", "ts007a", *_aged(65, 85), "aged 85 years and over"),
    "student_share": _share(
        "schoolchildren and full-time students (of those aged 5 and over)",
        "plant ysgol a myfyrwyr amser llawn (o'r rhai 5 oed a throsodd)", "ts068", "student"),
    "other_language_share": _share(
        "people whose main language is not English or Welsh", "pobl nad Cymraeg na Saesneg yw eu prif iaith", "ts029",
        NOT_ENGLISH),
    "limited_english_share": _share(
        "people who cannot speak English well", "pobl na allant siarad Saesneg yn dda", "ts029",
        f"{NOT_ENGLISH}: cannot speak english well", f"{NOT_ENGLISH}: cannot speak english"),
    "minority_ethnic_share": _share(
        "people of minority ethnic groups, white minorities too", "pobl o grwpiau ethnig lleiafrifol", "ts021",
        WHITE_BRITISH, rest=True),
    "asian_share": _share("people of Asian ethnic groups", "pobl o grwpiau ethnig Asiaidd", "ts021", ASIAN),
    "black_share": _share("people of Black ethnic groups", "pobl o grwpiau ethnig Du", "ts021", BLACK),
    "mixed_ethnic_share": _share(
        "people of mixed ethnic groups", "pobl o grwpiau ethnig cymysg", "ts021", "mixed or multiple ethnic groups"),
    "white_other_share": _share(
        "people of other White groups", "pobl o grwpiau Gwyn eraill", "ts021", "white: other white"),
    "born_abroad_share": _share(
        "people born outside the UK", "pobl a aned y tu allan i'r DU", "ts004", "europe: united kingdom", rest=True),
    "other_passport_share": _share(
        "people whose passport is not of the UK", "pobl nad yw eu pasbort o'r DU", "ts005", "europe: united kingdom",
        "no passport held", rest=True),
    "unemployed_share": _share(
        "people aged 16 and over who are unemployed", "pobl 16 oed a throsodd sy'n ddi-waith", "ts066",
        "economically active (excluding full-time students): unemployed"),
    "adult_student_share": _share(
        "full-time students aged 16 and over", "myfyrwyr amser llawn 16 oed a throsodd", "ts066",
        "economically active and a full-time student", "economically inactive: student"),
    "imd_score": _deprivation(
        "deprivation score (IMD 2025)", "sgôr amddifadedd (IMD 2025)", f"{IMD} score"),
    "imd_rank": _deprivation(
        "deprivation rank (IMD 2025, 1 is most deprived)", "safle amddifadedd (IMD 2025, 1 yw'r mwyaf difreintiedig)",
        f"{IMD} rank {MOST}"),
    "imd_decile": _deprivation(
        "deprivation tenth (IMD 2025, 1 is most deprived)", "degfed amddifadedd (IMD 2025, 1 yw'r mwyaf difreintiedig)",
        f"{IMD} decile {MOST_DECILE}"),
    "income_decile": _deprivation(
        "income deprivation tenth (1 is most deprived)", "degfed amddifadedd incwm (1 yw'r mwyaf difreintiedig)",
        f"income decile {MOST_DECILE}"),
    "education_decile": _deprivation(
        "education deprivation tenth (1 is most deprived)", "degfed amddifadedd addysg (1 yw'r mwyaf difreintiedig)",
        f"education, skills and training decile {MOST_DECILE}"),
    "imd2019_decile": _deprivation(
        "deprivation tenth (IMD 2019, 1 is most deprived)", "degfed amddifadedd (IMD 2019, 1 yw'r mwyaf difreintiedig)",
        f"{IMD} decile {MOST_DECILE}", "imd2019"),
    "oac_supergroup": Indicator(
        "kind of area (Output Area Classification 2021)", "math o ardal (Dosbarthiad Ardaloedd Cynnyrch 2021)",
        "choice", "oa", "oac2021", choices=SUPERGROUPS),
}  # fmt: skip


def of_table(table: str) -> dict[str, Indicator]:
    return {name: indicator for name, indicator in INDICATORS.items() if indicator.table == table}
