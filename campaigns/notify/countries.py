"""Countries letters can go to, by the zone Royal Mail prices them in, and the other names they are written by. Engage
posts within the United Kingdom only, so it has to know a country when an address ends with one."""

import unicodedata
from functools import cache
from typing import Literal

Zone = Literal["united-kingdom", "europe", "rest-of-world"]

EUROPE = frozenset(
    """
albania|andorra|armenia|austria|azerbaijan|azores|balearic islands|belarus|belgium|
bosnia and herzegovina|bulgaria|canary islands|corsica|croatia|cyprus|czechia|czech republic|
denmark|estonia|faroe islands|finland|france|georgia|germany|gibraltar|greece|greenland|
hungary|iceland|ireland|italy|kazakhstan|kosovo|kyrgyzstan|latvia|liechtenstein|lithuania|
luxembourg|madeira|malta|moldova|monaco|montenegro|netherlands|north macedonia|norway|
poland|portugal|republic of ireland|romania|russia|san marino|serbia|slovakia|slovenia|
spain|sweden|switzerland|tajikistan|the netherlands|turkey|turkmenistan|ukraine|uzbekistan|
vatican city
""".replace("\n", "").split("|")
)

REST_OF_WORLD = frozenset(
    """
afghanistan|algeria|angola|antigua and barbuda|argentina|australia|bahrain|bangladesh|
barbados|belize|benin|bermuda|bhutan|bolivia|botswana|brazil|brunei|burkina faso|burundi|
cambodia|cameroon|canada|cape verde|cayman islands|central african republic|chad|chile|
china|colombia|comoros|congo|costa rica|cuba|democratic republic of the congo|djibouti|
dominica|dominican republic|east timor|ecuador|egypt|el salvador|equatorial guinea|eritrea|
eswatini|ethiopia|falkland islands|fiji|gabon|ghana|grenada|guatemala|guinea|guinea-bissau|
guyana|haiti|honduras|hong kong|india|indonesia|iran|iraq|israel|ivory coast|jamaica|
japan|jordan|kenya|kiribati|kuwait|laos|lebanon|lesotho|liberia|libya|macao|madagascar|
malawi|malaysia|maldives|mali|marshall islands|mauritania|mauritius|mexico|micronesia|
mongolia|montserrat|morocco|mozambique|myanmar|namibia|nauru|nepal|new zealand|nicaragua|
niger|nigeria|north korea|oman|pakistan|palau|palestine|panama|papua new guinea|paraguay|
peru|philippines|puerto rico|qatar|rwanda|samoa|sao tome and principe|saudi arabia|senegal|
seychelles|sierra leone|singapore|solomon islands|somalia|south africa|south korea|
south sudan|sri lanka|st helena|st kitts and nevis|st lucia|st vincent and the grenadines|
sudan|suriname|syria|taiwan|tanzania|thailand|the bahamas|the gambia|togo|tonga|
trinidad and tobago|tunisia|tuvalu|uganda|united arab emirates|united states|
united states of america|uruguay|usa|vanuatu|venezuela|vietnam|yemen|zambia|zimbabwe
""".replace("\n", "").split("|")
)

UNITED_KINGDOM = """
united kingdom|uk|gb|gbr|great britain|britain|england|scotland|wales|northern ireland|n ireland|north ireland|ni|
united kingdom of great britain and northern ireland|y deyrnas unedig|prydain|prydain fawr|lloegr|yr alban|cymru|
gogledd iwerddon|jersey|guernsey|bailiwick of jersey|bailiwick of guernsey|alderney|sark|channel islands|
ynysoedd y sianel|isle of man|ellan vannin|ynys manaw
"""

# By the name above: those of its own people, older and official ones, and what people write.
OTHER_NAMES = """
albania: shqiperia, shqiperi|andorra: principality of andorra|armenia: hayastan|austria: osterreich, republik osterreich
azerbaijan: azerbaycan|azores: autonomous region of the azores, acores
balearic islands: islas baleares, illes balears, mallorca, majorca, menorca, ibiza|belarus: byelorussia, byelarus
belgium: belgique, belgie, belgien, gwlad belg|bosnia and herzegovina: bosnia, bosna i hercegovina, bih
bulgaria: bulgariya, bwlgaria|canary islands: islas canarias, canaries, tenerife, gran canaria, lanzarote,
fuerteventura, la palma, la gomera, el hierro, la graciosa|corsica: corse|croatia: hrvatska|cyprus: kypros, kibris
czechia: czech republic, czechoslovakia, ceska, cesko, ceska republika|denmark: danmark, denmarc|estonia: eesti
faroe islands: faroes, faeroes, foroyar|finland: suomi, y ffindir|france: french republic, ffrainc, republique francaise
georgia: sakartvelo|germany: deutschland, bundesrepublik, brd, west germany, east germany, federal republic of germany,
yr almaen|greece: ellada, ellas, hellas, hellenic republic, gwlad groeg|greenland: kalaallit nunaat
hungary: magyarorszag
iceland: island, gwlad yr ia|ireland: eire, roi, irish republic, rep of ireland, republic of ireland, south ireland,
southern ireland, iwerddon|italy: italia, yr eidal, italian republic|kazakhstan: khazakhstan, qazaqstan|latvia: latvija
lithuania: lietuva|luxembourg: luxemburg, letzebuerg|madeira: autonomous region of madeira, regiao autonoma da madeira
malta: republic of malta|moldova: republic of moldova|montenegro: crna gora|north macedonia: macedonia
netherlands: holland, nederland, yr iseldiroedd|norway: norge, noreg, norwy|poland: polska, gwlad pwyl
portugal: portuguese republic, portiwgal|romania: rumania, roumania|russia: russian federation, rossiya, rwsia
serbia: srbija|slovakia: slovensko, slovak republic|slovenia: slovenija|spain: espana, espanya, sbaen, kingdom of spain
sweden: sverige|switzerland: schweiz, suisse, svizzera, swiss confederation, y swistir|turkey: turkiye, twrci
ukraine: ukraina, wcrain|vatican city: vatican, holy see, citta del vaticano
algeria: algerie|argentina: argentine republic|australia: commonwealth of australia, awstralia|bangladesh: bangla desh
belize: british honduras|brazil: brasil|cameroon: cameroun|canada: dominion of canada|cape verde: cabo verde
china: peoples republic of china, prc|congo: republic of the congo, congo brazzaville
democratic republic of the congo: congo (democratic republic), drc, zaire|east timor: timor leste
egypt: arab republic of egypt
eswatini: swaziland|falkland islands: falkland, falklands|hong kong: hongkong|india: bharat
iran: islamic republic of iran
ivory coast: cote divoire|jamaica: jameica|japan: nippon, nihon|laos: lao peoples democratic republic
macao: macau|morocco: maroc|myanmar: burma, myanmar (burma)|new zealand: aotearoa, new zeeland, seland newydd
north korea: dprk, democratic peoples republic of korea|pakistan: islamic republic of pakistan
palestine: occupied palestinian territories|philippines: pilipinas|saudi arabia: kingdom of saudi arabia, ksa
singapore: republic of singapore|somalia: soomaaliya
south africa: republic of south africa, rsa, suid afrika, de affrica
south korea: korea, republic of korea|sri lanka: ceylon|st helena: saint helena
st kitts and nevis: saint kitts and nevis, saint kitts, st kitts|st lucia: saint lucia
st vincent and the grenadines: saint vincent and the grenadines|syria: syrian arab republic|taiwan: republic of china
tanzania: united republic of tanzania|the bahamas: bahamas|the gambia: gambia|trinidad and tobago: trinidad
united arab emirates: uae, emirates, dubai, abu dhabi|united states: usa, us, united states of america, america,
united states america, hawaii, unol daleithiau|vietnam: viet nam|zimbabwe: rhodesia
"""


@cache
def _known() -> dict[str, tuple[str, Zone]]:
    """Name and zone by every name."""
    found: dict[str, tuple[str, Zone]] = {}
    for names, zone in ((EUROPE, "europe"), (REST_OF_WORLD, "rest-of-world")):
        found |= {_key(name): (_printed(name), zone) for name in names}  # type: ignore[misc]  # a Zone each
    for entry in OTHER_NAMES.replace(",\n", ",").replace("\n", "|").strip("|").split("|"):
        name, _, others = entry.partition(":")
        found |= {_key(other): found[_key(name)] for other in others.split(",")}
    kingdom = UNITED_KINGDOM.replace("\n", "").split("|")
    return found | {_key(name): ("United Kingdom", "united-kingdom") for name in kingdom}


def _printed(name: str) -> str:
    small = {"and", "of", "the", "da"}
    words = (word if word in small and place else word.capitalize() for place, word in enumerate(name.split()))
    return " ".join(words)


def _key(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.replace("&", "and").replace("+", "and").casefold())
    return "".join(letter for letter in plain if letter not in " _-'’,.()" and not unicodedata.combining(letter))


def country(line: str) -> tuple[str, Zone] | None:
    """The country that a line names, as it is printed, with its zone."""
    if any(letter.isdigit() for letter in line):
        return None  # a postcode, which most last lines are
    key, known = _key(line), _known()
    return next((known[each] for each in (key, f"the{key}", f"yr{key}", f"y{key}") if each in known), None)
