"""Countries letters can go to, by the zone Royal Mail prices them in. Engage posts within the United Kingdom only."""

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
