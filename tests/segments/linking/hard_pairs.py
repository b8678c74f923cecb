"""Addresses as people write them, each with the home it is: made-up streets, after the kinds that the Office for
National Statistics and the Ministry of Justice test their matchers with."""

from tests.segments.village import Gazetteer

A, B, C, D, E, F, G, H, J = (
    f"ZZ{n} 1A{letter}" for n, letter in zip((1, 1, 2, 3, 4, 5, 6, 7, 8), "ABCDEFGHJ", strict=True)
)


def town() -> Gazetteer:
    made = Gazetteer()
    for number in (*range(1, 12), *range(16, 31)):
        made.add(f"{number} Larkspur Road, Exampleton", "Larkspur Road", A)
    made.add("12-14 Larkspur Road, Exampleton", "Larkspur Road", A)
    made.add("12A Quillet Street, Exampleton", "Quillet Street", B)
    for number in (3, 5, 7, 9, 11, 13, 21, 22, 30):
        made.add(f"{number} Quillet Street, Exampleton", "Quillet Street", B)
    for letter in "ABC":
        made.add(f"Flat {letter}, 40 Quillet Street, Exampleton", "Quillet Street", B)
    for number in range(1, 13):
        made.add(f"Flat {number}, Tansy Court, 8 Wherry Lane, Nether Wick, Exampleton", "Wherry Lane", C)
    for number in range(1, 7):
        made.add(f"Flat {number}, Sedge House, Wherry Lane, Nether Wick, Exampleton", "Wherry Lane", C)
    for number in (2, 4, 6, 10, 12):
        made.add(f"{number} Wherry Lane, Nether Wick, Exampleton", "Wherry Lane", C)
    for name in (
        "Hollin Cottage",
        "Old Smithy",
        "Badger Barn",
        "The Gables",
        "Withy Farm",
        "Rook House",
        "St Agnes Lodge",
    ):
        made.add(f"{name}, Cobbler’s Hill, Over Wick, Exampleton", "Cobbler’s Hill", D)
    made.add("Merlin Cottage, 15 Cobbler’s Hill, Over Wick, Exampleton", "Cobbler’s Hill", D)
    made.add("17 Cobbler’s Hill, Over Wick, Exampleton", "Cobbler’s Hill", D,
             others=("Pippin View, Cobbler’s Hill, Over Wick, Exampleton",))  # fmt: skip
    for floor in range(4):
        for flat in (1, 2):
            made.add(f"Flat {floor}/{flat}, 25 Kelpie Street, Glenfar", "Kelpie Street", E)
            made.add(f"Flat {flat} Floor {floor}, 27 Kelpie Street, Glenfar", "Kelpie Street", E)
    for flat in range(1, 7):
        made.add(f"Flat {flat}, 31 Kelpie Street, Glenfar", "Kelpie Street", E)
    for level in ("Basement", "Ground Floor", "First Floor", "Second Floor", "Top Floor"):
        made.add(f"{level} Flat, 9 Bramble Terrace, Exampleton", "Bramble Terrace", F)
    for number in (1, 2, 3, 11, 21, 23, 44):
        made.add(f"{number} Bramble Terrace, Exampleton", "Bramble Terrace", F)
    for number in (1, 2, 3, 4, 8):
        made.add(f"{number} Heol yr Orsaf, Llanfoel", "Heol yr Orsaf", G)
        made.add(f"{number} Church Street, Llanfoel", "Church Street", G)
    for house in ("Tŷ Gwyn", "Tŷ Glas", "Bryn Glas", "Plas Newydd", "Glan yr Afon"):
        made.add(f"{house}, Lôn y Dŵr, Llanfoel", "Lôn y Dŵr", G)
    for number in range(1, 9):
        made.add(f"{number} Peregrine Mews, Osier Walk, Exampleton", "Osier Walk", H)
    for number in (1, 2, 5, 7, 20):
        made.add(f"{number} Osier Walk, Exampleton", "Osier Walk", H)
    made.add("33 Osier Walk, Exampleton", "Osier Walk", H, home=False)
    made.add("Flat, 33 Osier Walk, Exampleton", "Osier Walk", H)
    for number in range(1, 6):
        made.add(f"Unit {number}, The Maltings, 50 Gannet Avenue, Exampleton", "Gannet Avenue", J)
    for number in (1, 3, 5, 51, 52, 53):
        made.add(f"{number} Gannet Avenue, Exampleton", "Gannet Avenue", J)
    made.add("The Maltings, 50 Gannet Avenue, Exampleton", "Gannet Avenue", J, home=False)
    return made


L, Q, T, S = (
    "Larkspur Road, Exampleton",
    "Quillet Street, Exampleton",
    "Tansy Court, 8 Wherry Lane",
    "Sedge House, Wherry Lane",
)
K, BT, OW, GA, M = "Kelpie Street", "Bramble Terrace", "Osier Walk", "Gannet Avenue", "The Maltings, 50 Gannet Avenue"
CH = "Cobbler’s Hill"

# Kind: address, postcode, and the beginning of the right home's; None where nobody could tell, or there is no such home.
PAIRS: dict[str, list[tuple[str, str | None, str | None]]] = {
    "parts in another order": [
        ("8 Wherry Lane, Tansy Court, Flat 3, Nether Wick", C, f"Flat 3, {T}"),
        ("Tansy Court, Flat 7, 8 Wherry Lane", C, f"Flat 7, {T}"),
        ("Tansy Court Flat 12 Wherry Lane 8", C, f"Flat 12, {T}"),
        ("Wherry Lane, Sedge House, Flat 2", C, f"Flat 2, {S}"),
        ("Sedge House Flat 5 Wherry Lane Exampleton", C, f"Flat 5, {S}"),
        ("9 Bramble Terrace, First Floor Flat", F, f"First Floor Flat, 9 {BT}"),
        ("40 Quillet Street Flat B", B, f"Flat B, 40 {Q}"),
        ("31 Kelpie Street, Flat 4, Glenfar", E, f"Flat 4, 31 {K}"),
        ("Exampleton, 7 Larkspur Road", A, f"7 {L}"),
        ("Larkspur Road 21 Exampleton", A, f"21 {L}"),
        ("50 Gannet Avenue, The Maltings, Unit 2", J, f"Unit 2, {M}"),
        ("Osier Walk, 3 Peregrine Mews", H, f"3 Peregrine Mews, {OW}"),
        ("Over Wick, Rook House, Cobblers Hill", D, f"Rook House, {CH}"),
    ],
    "another word for a flat": [
        ("Apartment 3, Tansy Court, 8 Wherry Lane", C, f"Flat 3, {T}"),
        ("Apt 4 Tansy Court Wherry Lane", C, f"Flat 4, {T}"),
        ("Unit 5, Tansy Court, 8 Wherry Ln", C, f"Flat 5, {T}"),
        ("6 Tansy Court, 8 Wherry Lane", C, f"Flat 6, {T}"),
        ("Studio 8 Tansy Court 8 Wherry Lane", C, f"Flat 8, {T}"),
        ("Flt 9 Tansy Ct, 8 Wherry Lane", C, f"Flat 9, {T}"),
        ("Flat No 10, Tansy Court, 8 Wherry Lane", C, f"Flat 10, {T}"),
        ("Room 11, Tansy Court, 8 Wherry Lane", C, f"Flat 11, {T}"),
        ("Flat 1 The Maltings, 50 Gannet Ave", J, f"Unit 1, {M}"),
        ("Suite 3, The Maltings, 50 Gannet Avenue", J, f"Unit 3, {M}"),
        ("4 The Maltings, Gannet Avenue", J, f"Unit 4, {M}"),
        ("Maisonette 2, 31 Kelpie Street", E, f"Flat 2, 31 {K}"),
        ("Flat 13, Tansy Court, 8 Wherry Lane", C, None),
        ("Flat 7, Sedge House, Wherry Lane", C, None),
    ],
    "the building instead of its number": [
        ("Flat 3, Tansy Court, Wherry Lane", C, f"Flat 3, {T}"),
        ("Flat 4 Tansy Court, Nether Wick", C, f"Flat 4, {T}"),
        ("Flat 2, Sedge House, Nether Wick", C, f"Flat 2, {S}"),
        ("Flat 5, Tansy Court", C, f"Flat 5, {T}"),
        ("Flat 6, Tansy Court, Wherry Lane, Nether Wick, Exampleton", C, f"Flat 6, {T}"),
        ("Merlin Cottage, Cobblers Hill, Over Wick", D, f"Merlin Cottage, 15 {CH}"),
        ("15 Cobblers Hill, Over Wick", D, f"Merlin Cottage, 15 {CH}"),
        ("Merlin Cottage, Over Wick", D, f"Merlin Cottage, 15 {CH}"),
        ("Flat 3, 8 Wherry Lane", C, f"Flat 3, {T}"),
        ("Pippin View, 17 Cobbler's Hill", D, f"17 {CH}"),
        ("Flat 3, Wherry Lane", C, None),
        ("Tansy Court, 8 Wherry Lane", C, None),
        ("Sedge House, Wherry Lane", C, None),
        ("8 Wherry Lane, Nether Wick", C, None),
        ("Unit 2, 50 Gannet Avenue", J, f"Unit 2, {M}"),
        ("The Maltings, Gannet Avenue", J, None),
    ],
    "a range": [
        ("12 Larkspur Road", A, f"12-14 {L}"),
        ("14 Larkspur Road, Exampleton", A, f"12-14 {L}"),
        ("12 - 14 Larkspur Rd", A, f"12-14 {L}"),
        ("12/14 Larkspur Road", A, f"12-14 {L}"),
        ("12 & 14 Larkspur Road", A, f"12-14 {L}"),
        ("12 to 14 Larkspur Road", A, f"12-14 {L}"),
        ("13 Larkspur Road", A, None),
        ("15 Larkspur Road", A, None),
        ("12-16 Larkspur Road", A, None),
        ("14-16 Larkspur Road", A, None),
        ("21-22 Quillet Street", B, None),
        ("30-32 Quillet Street", B, f"30 {Q}"),
    ],
    "a letter": [
        ("12 A Quillet Street", B, f"12A {Q}"),
        ("12a, Quillet St.", B, f"12A {Q}"),
        ("Flat A, 12 Quillet Street", B, f"12A {Q}"),
        ("12 Flat A Quillet Street", B, f"12A {Q}"),
        ("40A Quillet Street", B, f"Flat A, 40 {Q}"),
        ("40b Quillet St", B, f"Flat B, 40 {Q}"),
        ("40 C Quillet Street", B, f"Flat C, 40 {Q}"),
        ("Apartment C, 40 Quillet Street", B, f"Flat C, 40 {Q}"),
        ("12 Quillet Street", B, None),
        ("12B Quillet Street", B, None),
        ("40D Quillet Street", B, None),
        ("40 Quillet Street", B, None),
        ("21A Quillet Street", B, None),
        ("A Quillet Street", B, None),
    ],
    "streets abbreviated or by another word": [
        ("7 Larkspur", A, f"7 {L}"),
        ("8 Larkspur Rd", A, f"8 {L}"),
        ("9 Larkspur Street", A, None),
        ("10 Larkspur Rd., Exampleton", A, f"10 {L}"),
        ("5 Quillet St, Exampleton", B, f"5 {Q}"),
        ("3 Gannet Av", J, f"3 {GA}"),
        ("5 Gannet Ave", J, f"5 {GA}"),
        ("21 Bramble Terr.", F, f"21 {BT}"),
        ("23 Bramble Tce", F, f"23 {BT}"),
        ("5 Osier Wlk", H, f"5 {OW}"),
        ("7 Osier", H, f"7 {OW}"),
        ("Saint Agnes Lodge, Cobblers Hill", D, f"St Agnes Lodge, {CH}"),
        ("St. Agnes' Lodge, Cobbler's Hill", D, f"St Agnes Lodge, {CH}"),
    ],
    "the town left off, another, or more": [
        ("3 Larkspur Road", A, f"3 {L}"),
        ("4 Larkspur Road, Exampleton, Exampleshire", A, f"4 {L}"),
        ("5 Larkspur Road, Exampleton, Staffordshire", A, f"5 {L}"),
        ("6 Larkspur Road, Exampleton, England", A, f"6 {L}"),
        ("7 Larkspur Road, Exampleton, Staffs, United Kingdom", A, f"7 {L}"),
        ("8 Larkspur Road, Exampleton, GB", A, f"8 {L}"),
        ("9 Larkspur Road, Nether Wick, Exampleton", A, f"9 {L}"),
        ("10 Wherry Lane, Exampleton", C, "10 Wherry Lane"),
        ("12 Wherry Lane, Over Wick", C, "12 Wherry Lane"),
        ("Withy Farm, Cobblers Hill, Exampleton, West Yorkshire, UK", D, f"Withy Farm, {CH}"),
        ("11 Larkspur Road Nr Exampleton", A, f"11 {L}"),
        ("16 Larkspur Road, Exampleton, Exampleton", A, f"16 {L}"),
        ("2 Heol yr Orsaf, Llanfoel, Gwynedd, Cymru", G, "2 Heol yr Orsaf"),
    ],
    "the postcode wrong or missing": [
        ("7 Larkspur Road, Exampleton", None, f"7 {L}"),
        ("7 Larkspur Raod, Exampleton", None, f"7 {L}"),
        ("22 Quillet Street, Exampleton", "ZZ1 1AC", f"22 {Q}"),
        ("22 Quillet Street, Exampleton", "ZZ9 9ZZ", f"22 {Q}"),
        ("30 Quillet Street", "ZZ1 7QQ", f"30 {Q}"),
        ("44 Bramble Terrace, Exampleton", "ZZ55 1AF", f"44 {BT}"),
        ("Flat 3, Tansy Court, 8 Wherry Lane, Nether Wick", "ZZ2 1BC", f"Flat 3, {T}"),
        ("Flat 4, Sedge House, Wherry Lane", None, f"Flat 4, {S}"),
        ("Badger Barn, Cobblers Hill, Over Wick", "ZZ3 9QQ", f"Badger Barn, {CH}"),
        ("Badger Barn, Cobblers Hill", None, f"Badger Barn, {CH}"),
        ("20 Osier Walk, Exampleton", "ZZ7 1AG", f"20 {OW}"),
        ("7 Larkspur Road, Exampleton ZZ1 1AA", None, f"7 {L}"),
        ("21 Larkspur Road, Exampleton, ZZ1 1AA", A, f"21 {L}"),
        ("21 Larkspur Road ZZ11AA, Exampleton", A, f"21 {L}"),
        ("22 Larkspur Road, ZZ1 1AA, Exampleton", A, f"22 {L}"),
        ("3 Somewhere Road, Exampleton", A, None),
        ("3 Church Street", None, "3 Church Street"),
    ],
    "slips of the hand": [
        ("17 Larkspur Raod", A, f"17 {L}"),
        ("18 Lakspur Road", A, f"18 {L}"),
        ("19 Larkpsur Raod, Exampleton", A, f"19 {L}"),
        ("20 Larksupr Rd, Exmapleton", A, f"20 {L}"),
        ("21 Larskpur Road, Exampelton", A, f"21 {L}"),
        ("22 Larkespure Road", A, f"22 {L}"),
        ("3 Quilet Street", B, f"3 {Q}"),
        ("5 Quillett Sreet", B, f"5 {Q}"),
        ("7 Quilliet Steet", B, f"7 {Q}"),
        ("Flat 3, Tanzy Court, 8 Wherry Lane", C, f"Flat 3, {T}"),
        ("Flat 4, Tansey Cuort, 8 Wherry Lane", C, f"Flat 4, {T}"),
        ("Flat 2, Sedeg House, Wherry Lane", C, f"Flat 2, {S}"),
        ("Hollin Cotage, Cobblers Hill", D, f"Hollin Cottage, {CH}"),
        ("Holin Cottage, Cobblers Hil", D, f"Hollin Cottage, {CH}"),
        ("Withey Farm, Coblers Hill, Over Wick", D, f"Withy Farm, {CH}"),
        ("Bager Barn, Cobblers Hill", D, f"Badger Barn, {CH}"),
        ("21 Brambel Terrace", F, f"21 {BT}"),
        ("LarkspurRoad 23", A, f"23 {L}"),
        ("24 Lark Spur Road", A, f"24 {L}"),
        ("RookHouse, Cobblers Hill", D, f"Rook House, {CH}"),
        ("7l Larkspur Road", A, None),
        ("Rock House, Cobblers Hill", D, f"Rook House, {CH}"),
    ],
    "Scottish flats": [
        ("3/1, 25 Kelpie Street", E, f"Flat 3/1, 25 {K}"),
        ("Flat 3/2 25 Kelpie St, Glenfar", E, f"Flat 3/2, 25 {K}"),
        ("25 Kelpie Street, 2/1", E, f"Flat 2/1, 25 {K}"),
        ("Flat 1, Floor 3, 25 Kelpie Street", E, f"Flat 3/1, 25 {K}"),
        ("Flat 2 2nd Floor, 25 Kelpie Street", E, f"Flat 2/2, 25 {K}"),
        ("2F1, 25 Kelpie Street", E, f"Flat 2/1, 25 {K}"),
        ("25 Kelpie Street (1F2)", E, f"Flat 1/2, 25 {K}"),
        ("Flat 3/1, 27 Kelpie Street", E, f"Flat 1 Floor 3, 27 {K}"),
        ("2/2 27 Kelpie Street", E, f"Flat 2 Floor 2, 27 {K}"),
        ("Flat 1, First Floor, 27 Kelpie Street", E, f"Flat 1 Floor 1, 27 {K}"),
        ("3F2 27 Kelpie Street, Glenfar", E, f"Flat 2 Floor 3, 27 {K}"),
        ("31/4 Kelpie Street", E, f"Flat 4, 31 {K}"),
        ("31/6 Kelpie Street, Glenfar", E, f"Flat 6, 31 {K}"),
        ("4/1, 25 Kelpie Street", E, None),
        ("25 Kelpie Street", E, None),
        ("31/7 Kelpie Street", E, None),
        ("Flat 1, 27 Kelpie Street", E, None),
    ],
    "floors": [
        ("1st Floor Flat, 9 Bramble Terrace", F, f"First Floor Flat, 9 {BT}"),
        ("Flat 1st Floor, 9 Bramble Terrace", F, f"First Floor Flat, 9 {BT}"),
        ("First Floor, 9 Bramble Terrace", F, f"First Floor Flat, 9 {BT}"),
        ("9 Bramble Terrace, 2nd Floor", F, f"Second Floor Flat, 9 {BT}"),
        ("Ground Floor, 9 Bramble Terrace", F, f"Ground Floor Flat, 9 {BT}"),
        ("Grd Flr Flat 9 Bramble Terrace", F, f"Ground Floor Flat, 9 {BT}"),
        ("GFF, 9 Bramble Terrace", F, f"Ground Floor Flat, 9 {BT}"),
        ("Top Flat, 9 Bramble Terrace", F, f"Top Floor Flat, 9 {BT}"),
        ("Basement, 9 Bramble Terrace", F, f"Basement Flat, 9 {BT}"),
        ("Bsmt Flat, 9 Bramble Terrace", F, f"Basement Flat, 9 {BT}"),
        ("Third Floor Flat, 9 Bramble Terrace", F, None),
        ("9 Bramble Terrace", F, None),
        ("Flat, 9 Bramble Terrace", F, None),
        ("First Floor Flat, 11 Bramble Terrace", F, None),
        ("Flat 2 (First Floor), Tansy Court, 8 Wherry Lane", C, f"Flat 2, {T}"),
        ("First Floor, Flat 3, 31 Kelpie Street", E, f"Flat 3, 31 {K}"),
    ],
    "numbers in words": [
        ("Seven Larkspur Road", A, f"7 {L}"),
        ("Twenty One Larkspur Road", A, f"21 {L}"),
        ("Twenty-two Larkspur Road", A, f"22 {L}"),
        ("Flat Two, Tansy Court, 8 Wherry Lane", C, f"Flat 2, {T}"),
        ("Flat One, Sedge House, Wherry Lane", C, f"Flat 1, {S}"),
        ("Apartment Twelve, Tansy Court, Eight Wherry Lane", C, f"Flat 12, {T}"),
        ("Number Three Gannet Avenue", J, f"3 {GA}"),
        ("No. Five, Osier Walk", H, f"5 {OW}"),
        ("Thirty Quillet Street", B, f"30 {Q}"),
        ("Thirteen Larkspur Road", A, None),
    ],
    "commas lost": [
        ("FLAT 3 TANSY COURT 8 WHERRY LANE NETHER WICK EXAMPLETON ZZ2 1AC", C, f"Flat 3, {T}"),
        ("FLAT 4 SEDGE HOUSE WHERRY LANE NETHER WICK", C, f"Flat 4, {S}"),
        ("3 PEREGRINE MEWS OSIER WALK EXAMPLETON", H, f"3 Peregrine Mews, {OW}"),
        ("5 PEREGRINE MEWS EXAMPLETON", H, f"5 Peregrine Mews, {OW}"),
        ("7 OSIER WALK EXAMPLETON EXAMPLESHIRE ENGLAND", H, f"7 {OW}"),
        ("WITHY FARM COBBLERS HILL OVER WICK", D, f"Withy Farm, {CH}"),
        ("FLAT B 40 QUILLET STREET EXAMPLETON", B, f"Flat B, 40 {Q}"),
        ("TOP FLOOR FLAT 9 BRAMBLE TERRACE EXAMPLETON", F, f"Top Floor Flat, 9 {BT}"),
        ("UNIT 5 THE MALTINGS 50 GANNET AVENUE EXAMPLETON", J, f"Unit 5, {M}"),
        ("52, Gannet, Avenue, Exampleton", J, f"52 {GA}"),
        ("FLAT 33 OSIER WALK", H, f"Flat, 33 {OW}"),
    ],
    "a firm or a person in front": [
        ("Sampleson Plumbing Ltd, 7 Larkspur Road", A, f"7 {L}"),
        ("The Happy Teapot, 53 Gannet Avenue", J, f"53 {GA}"),
        ("Exampleton Dental Practice, 21 Bramble Terrace", F, f"21 {BT}"),
        ("Lodger, 5 Quillet Street", B, f"5 {Q}"),
        ("c/o Sampleson, 8 Larkspur Road", A, f"8 {L}"),
        ("C/O Mr A Sampleson, 9 Larkspur Road", A, f"9 {L}"),
        ("Care of The Matron, Flat 3, Tansy Court, 8 Wherry Lane", C, f"Flat 3, {T}"),
        ("c/o 10 Larkspur Road", A, f"10 {L}"),
        ("Bluebell Cottage, 23 Bramble Terrace", F, f"23 {BT}"),
        ("Dunroamin, 30 Quillet Street", B, f"30 {Q}"),
        ("Flat above The Happy Teapot, 53 Gannet Avenue", J, None),
        ("Annexe, 7 Larkspur Road", A, None),
        ("The Annexe at 7 Larkspur Road", A, None),
        ("Caravan, Withy Farm, Cobblers Hill", D, None),
        ("Rear of 5 Quillet Street", B, None),
        ("Land adjoining 5 Quillet Street", B, None),
        ("Merlin Cottage, 17 Cobblers Hill", D, None),
        ("Rook House, 17 Cobblers Hill", D, None),
    ],
    "Welsh and English": [
        ("1 Station Road, Llanfoel", G, "1 Heol yr Orsaf"),
        ("2 Station Road", G, "2 Heol yr Orsaf"),
        ("3 Heol yr Eglwys, Llanfoel", G, "3 Church Street"),
        ("4 Stryd yr Eglwys", G, "4 Church Street"),
        ("8 Heol-yr-Orsaf / Station Road", G, "8 Heol yr Orsaf"),
        ("Ty Gwyn, Lon y Dwr", G, "Tŷ Gwyn, Lôn y Dŵr"),
        ("TY GLAS LON Y DWR LLANFOEL", G, "Tŷ Glas, Lôn y Dŵr"),
        ("Tŷ Gwyn, Llanfoel", G, "Tŷ Gwyn, Lôn y Dŵr"),
        ("Bryn Glas, Lon-y-Dwr, Llanfoel", G, "Bryn Glas, Lôn y Dŵr"),
        ("Plas Newyd, Lon y Dwr", G, "Plas Newydd, Lôn y Dŵr"),
        ("Glanyrafon, Lon y Dwr", G, "Glan yr Afon, Lôn y Dŵr"),
        ("Ty Newydd, Lon y Dwr", G, None),
        ("5 Station Road, Llanfoel", G, None),
    ],
    "no such home": [
        ("99 Larkspur Road", A, None),
        ("Nowhere House, Cobblers Hill", D, None),
        ("Smithy Barn, Cobblers Hill", D, None),
        ("Flat 7, 31 Kelpie Street", E, None),
        ("9 Peregrine Mews, Osier Walk", H, None),
        ("33 Osier Walk", H, None),
        ("Cobblers Hill, Over Wick", D, None),
        ("The Cottage, Cobblers Hill", D, None),
        ("Exampleton", A, None),
        ("8", A, None),
        ("6 Merlin Road, Exampleton", A, None),
        ("Flat 2, Quillet Street", B, None),
    ],
}  # fmt: skip
ALL = [(kind, *pair) for kind, pairs in PAIRS.items() for pair in pairs]
