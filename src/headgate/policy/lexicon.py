"""The words of four languages that decide what a question means, for policy/facts.py.

Rule 1: a table holds what turns an answer round, not a language: what is in none of them is a
word like any other, and words are compared too.
Rule 2: words stand for the same only where no question is known in which they do not.
"""

from __future__ import annotations

from typing import NamedTuple


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


LANGUAGES: dict[str, frozenset[str]] = {
    "en": _set(
        "the of to and is are was were be been am do does did have has had will would can could"
        " should may might must i me my mine we us our you your yours he him his she her they"
        " them their it its a an in on at by for with about into onto as than that this these"
        " those what which who whom whose when where why how if or but so then there here from"
        " please kindly thanks thank hello hi hey dear just really actually basically simply"
        " also too very quite shall being having myself yourself someone somebody anyone"
        " anybody out ever up down off any over"
    ),
    "de": _set(
        "der die das des dem den ein eine einen einem einer eines und oder aber ist sind war"
        " waren sein wird werden wurde wurden hat haben hatte kann kannst können könnte"
        " könntest könnten soll sollte muss darf ich mich mir mein meine meinen meiner wir uns"
        " unser du dich dir dein er ihn ihm sie ihr es man was welche welcher welches wer wen"
        " wem wie wo wann warum wieso weshalb von zu zum zur in im an am auf aus bei für mit"
        " über um als dass wenn bitte danke hallo mal denn doch eigentlich sehr auch sag sage"
        " sagen erkläre erklären erklär zeig zeige zeigen gib geben wissen möchte würde gern"
        " gerne hilf helfen so da hier dort"
    ),
    "fr": _set(
        "le la les un une des du de et ou mais est sont était étaient être a ont avait"
        " avoir peut peux pouvez pourrait pourriez doit devrait je me mon ma mes nous notre"
        " nos tu te ton ta tes vous votre vos il elle ils elles on ce cet cette ces qu que"
        " qui quoi quel quelle quels quelles quand où pourquoi comment combien à au aux dans en"
        " sur pour par avec comme si donc y s'il plaît plait svp merci bonjour salut dis dire"
        " dites explique expliquer expliquez montre montrer donne donner savoir voudrais"
        " aimerais aide aider très aussi bien"
    ),
    "es": _set(
        "el la los las lo un una unos unas de del y o pero es son era eran ser está están estar"
        " fue fueron ha han había haber puede puedes podría podrías debe debería yo me mi mis"
        " nosotros nuestro tú tu tus te usted su sus él ella ellos ellas se qué que cuál cuáles"
        " quién quiénes cuándo cuando dónde donde cómo como por para con a al en sobre si así"
        " favor gracias hola dime decir explica explicar explícame muestra mostrar da dar saber"
        " quiero quisiera gustaría ayuda ayudar muy también porqué hay"
    ),
}
"""words that carry little by themselves; they tell a language, too"""

NEGATIONS = _set(
    "not no never none nobody nothing nowhere neither nor without except excluding unless"
    " hardly barely instead"
    " nicht kein keine keinen keinem keiner keines nie niemals niemand nichts nirgends weder"
    " ohne außer ausser kaum statt anstatt"
    " ne pas jamais aucun aucune rien personne nulle sans sauf ni guère"
    " nunca jamás nadie nada ningún ninguno ninguna sin excepto tampoco ni salvo"
)
UN = ("un", "in", "im", "ir", "il", "dis", "non", "ab", "de", "mis", "anti")
"""beginnings that turn a word round, where the rest of it is a word of the other text"""

CONTRACTED = {
    "cannot": "can not", "cant": "can not", "dont": "do not", "doesnt": "does not",
    "didnt": "did not", "isnt": "is not", "arent": "are not", "wasnt": "was not",
    "werent": "were not", "wont": "will not", "wouldnt": "would not", "shouldnt": "should not",
    "couldnt": "could not", "hasnt": "has not", "havent": "have not", "hadnt": "had not",
    "mustnt": "must not", "whats": "what is", "whos": "who is", "wheres": "where is",
    "hows": "how is", "thats": "that is", "im": "i am", "ive": "i have", "gonna": "going to",
    "wanna": "want to", "pls": "please", "plz": "please", "ain't": "is not",
    "can't": "can not", "won't": "will not", "shan't": "shall not",
}  # fmt: skip
IS_AFTER = _set("what who where when why how that it he she there here")
"""after these an apostrophe and s is a verb; after others it says whose"""

_NUMBERS = (
    "zero:0 cero:0 zéro:0 one:1 eins:1 uno:1 two:2 zwei:2 deux:2 dos:2 three:3 drei:3"
    " trois:3 tres:3 four:4 vier:4 quatre:4 cuatro:4 five:5 fünf:5 cinq:5 cinco:5 six:6"
    " sechs:6 seis:6 seven:7 sieben:7 sept:7 siete:7 eight:8 acht:8 huit:8 ocho:8 nine:9"
    " neun:9 neuf:9 nueve:9 ten:10 zehn:10 dix:10 diez:10 eleven:11 elf:11 onze:11"
    " twelve:12 zwölf:12 douze:12 doce:12 thirteen:13 fourteen:14 fifteen:15 sixteen:16"
    " seventeen:17 eighteen:18 nineteen:19 twenty:20 zwanzig:20 vingt:20 veinte:20 thirty:30"
    " forty:40 fifty:50 sixty:60 seventy:70 eighty:80 ninety:90"
    " first:1. second:2. third:3. fourth:4. fifth:5. sixth:6. seventh:7. eighth:8. ninth:9."
    " tenth:10. erste:1. ersten:1. zweite:2. zweiten:2. dritte:3. premier:1. première:1."
    " deuxième:2. troisième:3. primero:1. primera:1. segundo:2. segunda:2. tercero:3."
    " half:0.5 quarter:0.25 twice:2 dozen:12"
)
NUMBER_WORDS = dict(pair.split(":") for pair in _NUMBERS.split())
TENS = tuple(word for word, value in NUMBER_WORDS.items() if word.endswith("ty"))
ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SCALES = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}

_UNITS = (
    "%:% percent:% prozent:% usd:$ dollar:$ dollars:$ $:$ eur:€ euro:€ euros:€ €:€ gbp:£ £:£"
    " pound:lb pounds:lb lb:lb lbs:lb km:km kilometer:km kilometers:km kilometre:km"
    " kilometres:km m:m meter:m meters:m metre:m metres:m cm:cm mm:mm mile:mi miles:mi mi:mi"
    " kg:kg kilo:kg kilos:kg kilogram:kg kilograms:kg g:g gram:g grams:g mg:mg l:l liter:l"
    " liters:l litre:l litres:l ml:ml s:s sec:s secs:s second:s seconds:s ms:ms"
    " millisecond:ms milliseconds:ms min:min mins:min minute:min minutes:min h:h hr:h hrs:h"
    " hour:h hours:h day:d days:d week:wk weeks:wk month:mo months:mo year:y years:y yr:y"
    " yrs:y kb:kB mb:MB gb:GB tb:TB am:am pm:pm a.m.:am p.m.:pm °c:°C °f:°F celsius:°C"
    " fahrenheit:°F inch:in inches:in ft:ft feet:ft foot:ft v:V w:W kw:kW hz:Hz k:k"
)
UNITS = dict(pair.split(":") for pair in _UNITS.split())

_MONTHS = (
    "january:1 jan:1 januar:1 janvier:1 enero:1 february:2 feb:2 februar:2 février:2"
    " febrero:2 march:3 mar:3 märz:3 mars:3 marzo:3 april:4 apr:4 avril:4 abril:4 may:5 mai:5"
    " mayo:5 june:6 jun:6 juni:6 juin:6 junio:6 july:7 jul:7 juli:7 juillet:7 julio:7"
    " august:8 aug:8 août:8 agosto:8 september:9 sep:9 sept:9 septembre:9 septiembre:9"
    " october:10 oct:10 oktober:10 octobre:10 octubre:10 november:11 nov:11 novembre:11"
    " noviembre:11 december:12 dec:12 dezember:12 décembre:12 diciembre:12"
)
MONTHS = dict(pair.split(":") for pair in _MONTHS.split())


class Side(NamedTuple):
    """Where a word stands between two opposites."""

    axis: str
    sign: str
    strong: bool
    """does it decide even where the other text has neither of the two"""


_AXES = """
! more mehr plus más | less fewer weniger moins menos
! larger bigger greater größer grösser | smaller kleiner
! higher höher | lower niedriger tiefer
! better besser meilleur meilleure mejor | worse schlechter pire peor
! most meist meisten | least wenigsten
! largest biggest greatest | smallest
! highest maximum max maximal maximize maximise | lowest minimum min minimal minimize minimise
! best beste besten | worst schlechteste
! before vor bevor vorher avant antes | after nach nachdem nachher danach après después
! increase erhöhen steigern augmenter aumentar | decrease reduce senken verringern diminuer
! last letzte letzten letzter dernier dernière último última | next nächste nächsten prochain
! older älter | younger newer jünger neuer
! faster quicker schneller | slower langsamer
! earlier früher | later später
! ascending aufsteigend croissant ascendente | descending absteigend décroissant descendente
! today heute aujourd'hui hoy | yesterday gestern ayer
! tomorrow morgen demain mañana | tonight
! always immer toujours siempre | sometimes
! all every each alle alles jeder jede jedes tous toutes tout todos todas | some
! only nur seulement uniquement solo sólo solamente | even
! both beide beiden | either
! since seit depuis desde | until till bis jusque hasta
! was were did had |
! will shall | _
! should ought |
! must muss müssen musst |
! darf dürfen darfst |
! would |
! have has having |
! by durch | against gegen contre contra
! about |
here | there
this these | that those
above over über | below under beneath unter
up hoch | down runter
left links | right rechts
on ein | off aus
in into | out
inside | outside
to into toward towards nach | from
with avec con mit | without
and et y und | or ou o oder
start begin | stop finish end
open | close shut
add | remove delete
buy purchase | sell
enable allow permit | disable forbid deny
import | export
encode | decode
encrypt | decrypt
compress | decompress
upload | download
upgrade | downgrade
push | pull
true | false
good | bad
advantage benefit pro | disadvantage drawback con
cause | effect
same | different
win | lose
input | output
love like | hate dislike
safe | dangerous
legal | illegal
lock | unlock
install | uninstall
horizontal | vertical
positive | negative
rise gain | fall loss
hot warm | cold
early | late
internal | external
public | private
husband | wife
male man men boy | female woman women girl
"""

ASKING = _set(
    "tell explain show give describe help let provide teach remind clarify write list translate"
    " summarize summarise convert find name define suggest recommend compare calculate compute"
    " create generate make"
)
WHEN_WHERE = {
    "when": "when", "wann": "when", "quand": "when", "cuándo": "when", "where": "where",
    "wo": "where", "wohin": "whereto", "woher": "wherefrom", "où": "where", "dónde": "where",
    "adónde": "whereto", "why": "why", "warum": "why", "wieso": "why", "weshalb": "why",
    "pourquoi": "why", "who": "who", "whom": "who", "whose": "whose", "wer": "who",
    "wen": "whom", "wem": "whom", "quién": "who", "quiénes": "who", "combien": "how many",
    "cuánto": "how many", "cuántos": "how many", "cuántas": "how many", "wieviel": "how many",
    "wieviele": "how many",
}  # fmt: skip
"""words that say what is asked for, whatever else the question says"""
POLAR = {
    **dict.fromkeys(("is", "are", "was", "were", "am"), "be"),
    **dict.fromkeys(("do", "does", "did"), "do"),
    **dict.fromkeys(("have", "has", "had"), "have"),
    **dict.fromkeys(("can", "could", "may", "might"), "can"),
    **dict.fromkeys(("will", "would", "shall"), "will"),
    **dict.fromkeys(("should", "must"), "should"),
}
"""a question that begins with one is answered with yes or no; be and do, can and do differ"""
PERSONS = {
    **dict.fromkeys(("i", "me", "my", "mine", "myself"), "1"),
    **dict.fromkeys(("we", "us", "our", "ours"), "1s"),
    **dict.fromkeys(("you", "your", "yours", "yourself"), "2"),
    **dict.fromkeys(("he", "him", "his", "er", "ihn", "ihm", "il", "él"), "3m"),
    **dict.fromkeys(("she", "her", "hers", "sie", "ihr", "elle", "ella"), "3f"),
    **dict.fromkeys(("they", "them", "their"), "3s"),
}
RELATIONS = {
    "to": "to", "for": "to", "into": "to", "toward": "to", "towards": "to", "from": "from",
    "with": "with", "about": "about", "regarding": "about", "between": "between",
    "than": "than", "as": "as", "like": "as", "through": "via", "via": "via", "per": "per",
}  # fmt: skip
"""what may stand before a word and change its part; in, at, on and of hardly do"""
MEASURES = _set(
    "many much long far old often tall high big large deep fast quickly heavy wide hot cold"
    " expensive likely good bad well soon late early safe hard difficult easy strong big small"
    " short thick loud bright common rare accurate"
)
"""what how asks for, beside the manner"""
ABOUT_WORDS = _set(
    "spell spelled spelling pronounce pronounced rhyme rhymes letter letters word words"
    " syllable syllables synonym synonyms antonym translate etymology plural"
)
"""where these stand a word is meant as it is written"""
PARTICLES = _set("up down in out on off over away back into")
"""behind a verb they make another one of it"""
CASES = _set("der den dem des einen einem einer eines")
"""German articles that say who does what to whom"""
CASED = _set(
    "polish turkey china march may august apple windows word excel access office go rust swift"
    " amazon oracle shell target gap ruby crystal dart julia elm pandas unity signal slack"
    " teams drive maps meet notes pages numbers keynote spring flask express react next angular"
)
"""names that are words, too: only the capital tells"""

_SYNONYMS = (
    "fix:repair mend:repair tyre:tire automobile:car quick:fast rapid:fast big:large"
    " commence:start purchase:buy erase:delete kid:child kids:child children:child"
    " lawyer:attorney physician:doctor illness:disease sickness:disease vacation:holiday"
    " utilize:use utilise:use assist:help js:javascript py:python db:database app:application"
    " repo:repository config:configuration docs:documentation info:information"
    " cellphone:phone telephone:phone smartphone:phone approach:method distinction:difference"
    " photo:picture problem:issue select:choose pick:choose aeroplane:airplane"
    " aluminium:aluminum grey:gray centre:center theatre:theater programme:program maths:math"
    " metre:meter litre:liter kilometre:kilometer colour:color favourite:favorite"
    " neighbour:neighbor analyse:analyze organise:organize fibre:fiber licence:license"
)


def _sides() -> dict[str, Side]:
    found: dict[str, Side] = {}
    for line in _AXES.strip().splitlines():
        strong = line.startswith("!")
        plus, _, minus = line.lstrip("! ").partition("|")
        axis = plus.split()[0]
        for sign, words in (("+", plus), ("-", minus)):
            for word in words.split():
                found.setdefault(word, Side(axis, sign, strong))
    return found


SIDES = _sides()
SYNONYMS = dict(pair.split(":") for pair in _SYNONYMS.split())
