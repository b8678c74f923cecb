"""What else a written name may stand for: short forms, other spellings, and slips of the hand. Made from the source's
name while it is in memory, so that of an elector only the name on the register need be hashed."""

from collections.abc import Iterable
from functools import cache, lru_cache

import polars as pl
from nicknames import NickNamer
from rapidfuzz.distance import OSA

from segments.names.written import folded

ITSELF, KNOWN, SLIP = 0, 1, 2  # how far a variant is from what was written

# What `nicknames`, made of English names, has not: each line is of one name, in whatever form.
OURS = """
alun al; angharad hari; bethan beth; bronwen bron; caerwyn car; ceri kerry; dafydd david dai dave; eirlys eirl;
eleri el; elin helen; elizabeth bethan; geraint ger; gethin geth; gruffydd griff gruff; gwenllian gwen;
gwilym will bill; gwyneth gwyn gwen; huw hugh; iestyn justin; ieuan ianto evan; ifan evan; ioan john;
llewelyn llew lyn; llinos lin; lleucu lucy; mair mary; megan meg; meredith meri; mihangel michael; myfanwy myf;
non nonna; olwen ol; owain owen; rhiannon rhi ann; rhys reece rees reese; siân sian shan jane sean; siôn sion john;
steffan stephen steve; tomos thomas tom; tudur tudor; wiliam william will;
abdul abdi abdullah ab; ahmed ahmad ahmet; aisha ayesha aysha aishah; akhtar akhter; ali aly; amandeep aman;
amarjit amar; aslam as; bilal billy; deepak dee; fatima fatimah fatema; gurdeep guri; gurpreet gary guri preet;
harjit harry; harpreet harry harps preet; hassan hasan; hussain hussein husain hosain hossain; imran immy;
ibrahim ebrahim abraham; jaspreet jas jazz; jaswinder jas; kamaljit kamal; kulwinder kully; kuldeep kuldip;
mahmood mahmud mehmood; manjit manj; manpreet manny preet; maryam mariam miriam maria; mehdi mahdi;
mohammed muhammad mohammad mohamed muhammed mohamad mohd md mo; mustafa mustapha; nadeem nadim; naseem nasim;
navdeep nav;
nusrat nus; parminder parm; priyanka priya; rahman rehman; rajesh raj; rajinder raj; rashid rasheed rashed;
ravinder ravi; rukhsana roxy; salim saleem; sanjay sanj san; sandeep sandy san; satnam sat; shabana shabs;
shahid shaheed; simran sim; sukhdeep sukhi; sukhwinder sukhi; sunita sunny; surinder sunny; syed said sayed;
tahir taher; tariq tarik; umar omar omer; usman osman uthman; vikram vik vicky; yousaf yusuf yousuf yousef joseph;
yasmin yasmeen jasmin; zainab zaynab zeinab; zahid zaheed; hamza hamzah; khalid khaled; farooq faruq; javed javid;
chaudhry choudhury chaudhary chowdhury chaudhri chaudry; qureshi quraishi qureishi; siddiqui siddique; sheikh shaikh;
begum bibi; bhatti bhati; singh sing; malik malek; iqbal eqbal; akbar acbar; hussaini husaini; miah mia miya;
agnieszka aga agnes agusia; aleksandra ola alexandra; aleksander olek alex; andrzej andrew jedrek; anna ania anya;
barbara basia; bartlomiej bartek; beata beatka; boguslaw bogdan; dariusz darek; dorota dorotka dora; elzbieta ela
elizabeth; ewa eva ewka; ewelina ewela evelina; grzegorz grzesiek greg gregory; hanna hania; henryk heniek henry;
irena irka; jacek jack; jakub kuba jacob; jan janek john; jaroslaw jarek; jerzy jurek george; joanna asia joasia jo;
jolanta jola; jozef jozek joseph; justyna justine; kamil kamilek; karolina karola caroline; katarzyna kasia kaska
kate catherine katherine; kazimierz kazik; krystyna krysia christine; krzysztof krzysiek kris chris christopher;
lukasz luke; magdalena magda; malgorzata gosia malgosia margaret; marcin martin; maria marysia marys mary;
marek mark; mariusz mario; mateusz mati matthew; michal michael; monika monia; natalia natalka; pawel paul;
piotr peter piotrek; przemyslaw przemek; rafal rafael; robert robek; ryszard rysiek richard; slawomir slawek;
stanislaw staszek stan; stefan stefek steven; szymon simon; tadeusz tadek; teresa tereska; tomasz tomek thomas tom;
urszula ula; waldemar waldek; wieslaw wiesiek; wojciech wojtek; zbigniew zbyszek; zofia zosia sophie; zuzanna zuza;
andrei andrew andy; mihai michael mike; ion john; gheorghe george; stefan stephen; ionut ion; vasile basil;
blessing bee; chidi chi; emmanuel manny emma; ngozi goz; oluwaseun seun; samuel sammy sam; winston win; olufemi femi;
babatunde tunde; folasade sade; chukwuemeka emeka; temitope temi; adebayo bayo; josephine jo josie;
margaret peggy meg; ellie eleanor ellen; sarah sally; amelia millie amy milly; callum cal calum; kevin kev;
darren daz; gary gaz; barry baz; sharon shaz; tracey trace tracy; jules julie julia; nicola nicky nic nikki;
christopher kit chris topher; charlotte lottie charlie; rebecca becky bex becca; hannah han; gemma gem;
stephen steven ste steve stephan; claire clare clair; sian shan; jean jeanne; alan allan allen al; geoffrey jeffrey
geoff jeff; philip phillip phil; catherine katherine kathryn catharine cathy kathy; ann anne annie; lynn lynne;
teresa theresa terry; sara sarah; rebekah rebecca; aimee amy; zoe zoey; niamh neve; sean shaun shawn; graham graeme;
neil neal; brian bryan; frances francis; lesley leslie; marc mark; jon john jonathan; debra deborah debbie
"""


@cache
def _known() -> dict[str, frozenset[str]]:
    """The other forms of each name: of one line of OURS, and what `nicknames` pairs."""
    found: dict[str, set[str]] = {}
    for line in OURS.replace("\n", " ").split(";"):
        names = [folded(name) for name in line.split()]
        for name in names:
            found.setdefault(name, set()).update(names)
    return {name: frozenset(others - {name}) for name, others in found.items()}


_NAMER = NickNamer()


@lru_cache(maxsize=50_000)
def forms(given: str) -> frozenset[str]:
    """Every name that this one is a form of, or that is a form of it."""
    formal = _NAMER.canonicals_of(given)
    siblings = {each for one in formal for each in _NAMER.nicknames_of(one)} if len(formal) == 1 else set()
    return frozenset(_NAMER.nicknames_of(given) | formal | siblings | _known().get(given, frozenset())) - {given}


def slips(words: Iterable[str], vocabulary: Iterable[str]) -> pl.DataFrame:
    """`word, variant`: the words of the vocabulary that one slip of the hand (a letter more, less, other, or two
    changed over) makes of a word."""
    known = pl.DataFrame({"variant": sorted(set(vocabulary))}, schema={"variant": pl.String})
    said = pl.DataFrame({"word": sorted({word for word in words if len(word) > 3})}, schema={"word": pl.String})
    left = _shortened(said, "word")
    pairs = left.join(_shortened(known, "variant"), on="short").select("word", "variant").unique()
    pairs = pairs.filter(pl.col("word") != pl.col("variant"))
    near = [OSA.distance(word, other, score_cutoff=1) <= 1 for word, other in pairs.iter_rows()]
    return pairs.filter(pl.Series(near, dtype=pl.Boolean))


def _shortened(words: pl.DataFrame, column: str) -> pl.DataFrame:
    """Each word and what is left of it when one letter is struck out."""
    short = [[word, *(word[:n] + word[n + 1 :] for n in range(len(word)))] for word in words[column]]
    return words.with_columns(pl.Series("short", short, dtype=pl.List(pl.String))).explode("short").unique()
