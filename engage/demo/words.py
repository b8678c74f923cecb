"""Names for a place and people that do not exist: wards, streets, houses, forenames and surnames."""

from dataclasses import dataclass


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


@dataclass(frozen=True)
class WardProfile:
    """What a ward is like. Shares are 0 to 1; `weight` is its size against the others."""

    name: str
    letters: str  # of its polling districts
    weight: float
    outright: float
    mortgage: float
    social: float
    private: float
    flats: float
    shared_houses: float
    foreign: float
    village: str = ""


# From the town centre outwards, as the map lays them out.
WARDS = (
    WardProfile("Market Cross", "MC", 1.10, 0.14, 0.15, 0.18, 0.53, 0.45, 0.030, 0.26),
    WardProfile("Canalside", "CA", 1.15, 0.15, 0.19, 0.20, 0.46, 0.36, 0.024, 0.22),
    WardProfile("Brewery Wharf", "BW", 1.05, 0.16, 0.24, 0.12, 0.48, 0.40, 0.012, 0.18),
    WardProfile("St Aldric's", "SA", 1.00, 0.20, 0.22, 0.14, 0.44, 0.22, 0.055, 0.16),
    WardProfile("Kingsmead", "KI", 1.10, 0.22, 0.24, 0.38, 0.16, 0.18, 0.006, 0.09),
    WardProfile("Castle Mount", "CM", 1.00, 0.30, 0.32, 0.16, 0.22, 0.15, 0.008, 0.09),
    WardProfile("Windmill Rise", "WR", 1.05, 0.27, 0.30, 0.28, 0.15, 0.10, 0.004, 0.06),
    WardProfile("Highfield Park", "HP", 1.05, 0.31, 0.47, 0.08, 0.14, 0.05, 0.002, 0.06),
    WardProfile("Orchard Vale", "OV", 0.95, 0.42, 0.38, 0.08, 0.12, 0.04, 0.001, 0.04),
    WardProfile("Abbey Meadows", "AM", 0.95, 0.48, 0.36, 0.06, 0.10, 0.05, 0.001, 0.04),
    WardProfile("Elmstone", "EL", 0.80, 0.50, 0.32, 0.07, 0.11, 0.02, 0.0, 0.03, "Elmstone Green"),
    WardProfile("Foxley & Thorpe", "FT", 0.80, 0.52, 0.31, 0.06, 0.11, 0.02, 0.0, 0.03, "Foxley Parva"),
)

STREET_FIRST = words(
    "Almandine Amberley Applecross Barleycorn Beechnut Bellfounder Bramblewick Buttercup Calico Candlewick "
    "Cartwheel Chandler Clockmaker Cloverleaf Cobblestone Coopersale Cornflower Cuckoo Dandelion Dewberry "
    "Dovetail Elderflower Farthing Featherbed Fiddlers Foxglove Gingerbread Goldfinch Gooseberry Greengage "
    "Harebell Harvesters Haywain Hazelnut Honeycomb Hopscotch Inkwell Ironmonger Jackdaw Juniper Kestrel "
    "Kingfisher Lacemaker Lantern Lavender Linnet Loganberry Maltster Marigold Medlar Milkmaid Millrace "
    "Moonstone Mulberry Nightingale Nutmeg Oatfield Paddlewheel Partridge Peppermint Periwinkle Pippin "
    "Pocketwatch Primrose Quillmaker Quince Ribbon Ropewalk Saddler Saffron Sandpiper Shuttle Silverbirch "
    "Skylark Snowdrop Spindle Sundial Swallowtail Tallow Teasel Thimble Thistledown Tinderbox Treacle "
    "Turnstone Umber Wagtail Weathercock Whistler Wickerwork Yarrow"
)
STREET_BEFORE = ("", "Upper", "Lower", "Old", "New", "North", "South", "East", "West")  # when plain names run out
STREET_LAST = words("Street Road Lane Avenue Close Way Drive Gardens Terrace Court Grove Place Rise Row")
HOUSE_FIRST = words("Oak Rose Ivy Willow Holly Orchard Mill Church Meadow Briar Rook Well")
HOUSE_LAST = words("Cottage House Lodge Barn View Farm")
BLOCKS = words("Weavers Tanners Millers Potters Bakers Carders Fullers Smiths Glovers Hatters")
SHOPS = words("Bakery Pharmacy Bookshop Stores Florist Cycles Barbers Tearooms")

FORENAMES = {
    "Mr": words(
        "Aaron Adam Alan Arjun Ben Bilal Callum Colin Daniel David Dylan Ewan Femi Gareth George Harjit Henry "
        "Imran Jack James Joseph Karol Kenneth Kofi Leo Liam Marek Michael Mohammed Noah Oliver Omar Patrick Paul "
        "Peter Rajesh Robert Rhys Samuel Seán Stephen Tariq Thomas Tomasz Vikram William Yusuf Zoltán"
    ),
    "Ms": words(
        "Abigail Aisha Alice Amelia Anna Anjali Beth Bronwen Caroline Chidi Chloe Diane Eleanor Elif Emma Fatima "
        "Fiona Grace Hannah Helen Ines Isla Janet Joan Joyce Karen Katarzyna Laura Leila Lucy Margaret Maria Megan "
        "Mina Nadia Ngozi Olivia Pauline Priya Rachel Ruth Sarah Siân Sofia Susan Tara Valerie Yasmin Zoë"
    ),
}
SURNAMES = words(
    "Adeyemi Ahmed Akhtar Allen Anderson Atkins Bailey Baker Bannister Begum Bennett Brown Carter Chapman Clarke "
    "Collins Cooper Costa Cox Davies Dixon Dobson Edwards Evans Fisher Fletcher Foster Fox Garner Gill Grant Green "
    "Hall Hargreaves Harper Harris Hill Holmes Hughes Hussain Ibrahim Jackson Jarvis Johnson Jones Kaur Kelly Khan "
    "King Kowalski Lawson Lee Lewis Mahmood Marsh Martin Mason Mensah Miller Mitchell Moore Morgan Murphy Nowak "
    "O'Brien Okafor Owen Palmer Parker Patel Pearson Perry Phillips Popescu Price Rahman Reid Roberts Robinson "
    "Rossi Ryan Scott Shah Sharma Shaw Silva Simpson Singh Smith-Hale Spencer Stevens Sutton Taylor Thompson Turner "
    "Walker Walsh Ward Watson Webb White Williams Wilson Wójcik Wood Wright Yildiz Young"
)
