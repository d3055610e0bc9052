"""The words by which people say whose an identifier is, in seven languages: data for `reading`."""

from __future__ import annotations

import re
from functools import lru_cache

_RELATIONS = """
dad daddy father mum mummy mom mommy mam mother parents? husband hubby wife wifey spouse partner boyfriend
girlfriend bf gf fianc[ée]e? son daughter kids? child(?:ren)? brother sister sibling siblings bro sis twin grandma
grandmother granny gran nan nana grandpa grandad granddad grandfather grandparents uncle aunt auntie cousin nephew
niece friend friends mate buddy colleague coworker co-worker boss manager assistant secretary neighbou?r
neighbou?rs flatmate roommate housemate landlord landlady tenant lodger employee employer supplier courier driver
ex stepdad stepmum stepmom stepson stepdaughter godmother godfather goddaughter godson carer nurse teacher
(?:mother|father|brother|sister|son|daughter|parents)[- ]in[- ]law in-?laws vater vaters papa papas pa mutter
mutters mama mamas mami mutti vati eltern mann mannes ehemann ehemanns ehemannes gatte gatten frau ehefrau gattin
lebensgef[äa]hrt\\w+ partnerin freund freundes freundin sohn sohnes sohns tochter t[öo]chter s[öo]hne kind kindes
kinder bruder bruders schwester geschwister oma omas opa opas gro(?:ß|ss)mutter gro(?:ß|ss)vaters?
gro(?:ß|ss)eltern enkel enkels enkelin onkel onkels tante cousine neffen? nichte schwager schw[äa]gerin
schwiegermutter schwiegervaters? schwiegereltern schwiegersohn schwiegertochter kollegen? kollegin chefs? chefin
mitbewohner\\w* nachbarn? nachbars nachbarin vermieter\\w* mieter\\w* bekannten? bekannter verlobten? verlobter
mitarbeiter\\w* assistentin patin paten? stiefvaters? stiefmutter betreuten? p[èe]re m[èe]re mari femme [ée]pouse
[ée]poux compagne compagnon conjointe? copain copine fils fille fr[èe]re s[œo]e?ur grand-?m[èe]re grand-?p[èe]re
mamie papi papy maman oncle cousine? ami amie coll[èe]gue patronn?e? voisine? colocataire beau-?p[èe]re
belle-?m[èe]re neveu ni[èe]ce enfants? padre madre pap[áa] mam[áa] marido esposo esposa mujer pareja novi[oa]
hij[oa]s? herman[oa]s? abuel[oa]s? t[íi][oa] prim[oa] amig[oa] compa[ñn]er[oa] jef[ea] vecin[oa] suegr[oa]
cu[ñn]ad[oa] sobrin[oa] marito moglie compagn[oa] fidanzat[oa] figli[oa] fratello sorella nonn[oa] zi[oa]
cugin[oa] amic[oa] colleg[ah] vicin[oa] suocer[oa] cognat[oa] nipote mamma babbo genitori vader moeder ouders
echtgenoot echtgenote vrouw vriend vriendin zoon dochter broer broers? zus zussen? oom opa's oma's neef collega's?
baas buurman buurvrouw buren huisgenoot schoonmoeder schoonvader pai m[ãa]e mulher namorad[oa] filh[oa] irm[ãa]o?
av[óô] ti[oa] colega chefe vizinh[oa] sogr[oa] cunhad[oa] sobrinh[oa] tat[ay] tacie mam[ay]? ojca ojcu m[ęe]ża
m[ęe]żowi żony żonie siostr[ya]? siostrze brata bratu babci babcia dziadka syna c[óo]rki kolegi koleżanki
s[ąa]siada szefa baba\\w* anne\\w* büyükanne\\w* dede\\w* eşim\\w* kocam\\w* karım\\w* abim\\w* ablam\\w*
kardeşim\\w* arkadaşım\\w* komşum\\w* patronum\\w* pappa pappas mammas maken make hustru fru frus mor mors far
fars mormor farmor morfar farfar bror brors syster systers søster søsters kone kones kæreste ægtefælle venn venns
vän väns kollega kollegas granne grannes nabo nabos chef chefs sjef sjefs папы мамы мужа жены сына дочери брата
сестры бабушки дедушки друга подруги коллеги соседа отца матери тата тато мами чоловіка дружини бабусі дідуся
сестри сусіда vormieter\\w* nachmieter\\w* azubi\\w* lehrling\\w* capo żon\\w{1,3} m[ęe]ż\\w{1,4} matk\\w{1,3} szef\\w*
"""
_POSSESSIVES = (
    r"my|our|his|her|their|your|a|an|the|some|mein\w{0,2}|unser\w{0,2}|sein\w{0,2}|ihr\w{0,2}|ein\w{0,2}|mon|ma|mes|notre|nos|son|sa|un|une|"
    r"mis?|nuestr[oa]s?|una|mi[oae]i?|miei|nostr[oaie]|su[oa]|mijn|m'n|onze|ons|zijn|haar|een|meus?|minhas?|nosso|nossa|seu|sua|um|uma"
)
_STRICT = (
    r"my|our|his|her|their|mein\w{0,2}|unser\w{0,2}|sein\w{0,2}|ihr\w{0,2}|mon|ma|mes|notre|nos|mis?|nuestr[oa]s?|"
    r"mi[oae]|miei|nostr[oaie]|mijn|m'n|onze|ons|meus?|minhas?|nosso|nossa"
    r"|m[óo]j\w*|moj\w*|min|mitt|mina|mine|mit|mø|мо[йюяеёєї]\w*|мій|моєї|моего|моей"
)
_PREPOSITIONS = "dla|för|til|till|от|для|від|у|for|of|from|by|on|f[üu]r|von|vom|bei|pour|para|per|voor|van|da|do|di|de"
_SOMEBODY = r"someone|somebody|jemand\w*|quelqu['’]un|alguien|qualcuno|iemand|algu[ée]m"
_COMPANYS = (
    r"hotline|support|service|kundenservice|team|agent|kolleg\w+|colleague|number|nummer|telefonnummer|phone|e-?mail\w*|"
    r"mail\w*|address|adresse|num[ée]ro|correo|numero|adres|website|shop"
)
IDENTIFIER_WORDS = (
    r"(?:e[\- ]?mails?(?:[\- ]?(?:address|adresse|adres))?|mails?(?:[\- ]?(?:address|adresse|addy|adres))?|addy|"
    r"address|inbox|account|profile|login|username|(?:tele)?phone(?:[\- ]?number)?|phones?|"
    r"mobile(?:[\- ]?number)?|cell(?:phone)?(?:[\- ]?number)?|landline|whatsapp(?:[\- ]?nummer)?|numbers?|no\.?|"
    r"nr\.?|orders?(?:[\- ]?(?:number|no\.?|id|nr\.?))?|order|purchase|booking|reservation|reference|ref|"
    r"customer[\- ]?(?:number|no\.?|id)?|client[\- ]?(?:number|id)|contract|invoice|subscription|membership|id|"
    r"mailadresse|emailadresse|adresse|konto\w*|nummer|telefonnummer|telefon|handynummer|handy|mobilnummer|"
    r"festnetz\w*|rufnummer|tel\.?|bestell\w*|auftrag\w*|kundennummer|kunden-?nr\.?|kundenkonto|rechnung\w*|"
    r"vertrag\w*|buchung\w*|vorgangsnummer|courriel|num[ée]ro|t[ée]l[ée]phone|t[ée]l\.?|portable|commande|compte|"
    r"r[ée]f[ée]rence|facture|correo(?:[\- ]?electr[óo]nico)?|direcci[óo]n|n[úu]mero|tel[ée]fono|m[óo]vil|celular|"
    r"pedido|cuenta|factura|indirizzo|numero|telefono|cellulare|ordine|conto|fattura|posta|e-?mailadres|mailadres|"
    r"adres|telefoonnummer|mobiel|bestelling|bestelnummer|ordernummer|klantnummer|factuur|telefone|telem[óo]vel|"
    r"encomenda|conta|fatura|endere[çc]o)"
)
_ADJECTIVES = (
    r"(?:own|new|old|current|private|personal|work|business|main|other|account|customer|client|order|booking|reference|contact|registered|registration|login|"
    r"mobile|cell|home|phone|telephone|e-?mail|mail|latest|last|first|second|previous|correct|real|actual|full|gmail|tracking|member|usual|recent|number|"
    r"neue\w?|alte\w?|aktuelle\w?|private\w?|pers[öo]nliche\w?|berufliche\w?|gesch[äa]ftliche\w?|eigene\w?|letzte\w?|richtige\w?|hinterlegte\w?|registrierte\w?|"
    r"nouvelle|nouveau|ancienne|personnelle?|priv[ée]e?|derni[èe]re|nuevo|nueva|antigu[oa]|personal|[úu]ltimo|nuov[oa]|vecchi[oa]|personale|ultimo|"
    r"nieuwe?|oude?|eigen|priv[ée]|laatste|nov[oa]|pessoal|[úu]ltim[oa]|de|d[ei]l?|di|la|el|l')"
)


def _more_of_somebody_else(relation: str) -> tuple[str, ...]:
    """People without a word for whose they are, and denials."""
    return (
        # a mate of mine, the previous tenant; Polish "to męża", Turkish "patronuma"
        rf"\b(?:a|an|ein\w{{0,2}}|une?|una|een|the|die|der|das)\s+(?:previous\s+|former\s+|last\s+|ex-?)?{relation}"
        r"\s+(?:of\s+(?:mine|ours)|von\s+(?:mir|uns)|still|noch|bekommt|kriegt|gets?)\b",
        r"\b(?:previous|former|last|old)\s+(?:tenant|owner|occupant|resident)s?\b|\b(?:vor|nach)mieter\w*|"
        r"\bvorbesitzer\w*",
        r"\bto\s+(?:nie\s+\w+,?\s+)?(?:to\s+)?(?:m[ęe]ża|żony|syna|c[óo]rki|brata|siostry|ojca|matki|mamy|taty|"
        r"szefa)\b|\bmijn\s+man\b",
        r"\b(?:baba|anne|anneanne|babaanne|büyükanne|dede|eş|koca|karı|abi|abla|kardeş|arkadaş|komşu|patron|oğl|"
        r"kız|teyze|amca|dayı|hala|müdür)(?:ım|im|um|üm|m)(?:ın|in|un|ün|ı|i|u|ü|a|e|la|le|dan|den)?\b",
        # somebody, the seller, the dead, in copy
        r"\b(?:someone|somebody|jemand\w*|quelqu['’]un|alguien|qualcuno|iemand|kto[śs])\b|\b(?:hers|theirs|seins|ihrs)\b",
        r"\b(?:seller|verk[äa]ufer\w*|vendeu(?:r|se)|vendedora?|venditor[ei]|verkoper|sprzedawc\w*|satıcı\w*|"
        r"sekret[äa]r(?:in)?|carer|guardian|betreuer\w*|locataire|huurder|inquilin[oa])\b",
        r"\b(?:passed\s+away|deceased|verstorben\w*|d[ée]c[ée]d[ée]\w*|fallecid[oa]|difunt[oa]|decedut[oa]|overleden|"
        r"zmarł\w*)\b",
        r"\bcc\b|\b(?:in|en)\s+(?:copy|kopie|copie|copia)\b|\b(?:letter|post)box\b|\bbriefkasten\b|\bdans\s+ma\s+bo[îi]te\b",
        r"\b(?:m[óo]j|moja)\s+(?:syn|c[óo]rka|ojciec|matka|mama|tata|m[ąa]ż|żona|brat|siostra|babcia|dziadek|kolega|"
        r"koleżanka|s[ąa]siad(?:ka)?|szef(?:owa)?)\b",
        # that is not me; I know nobody of that name
        r"\bnot\s+me\b|\b(?:bin|war)\s+(?:\w+\s+)?(?:ich\s+(?:\w+\s+)?nicht|nicht\s+ich)\b|\bpas\s+moi\b|"
        r"\bno\s+soy\s+yo\b|\bnon\s+sono\s+io\b|\bben\s+ik\s+niet\b|\bnie\s+(?:ja|m[óo]j\w*|moj\w*)\b|"
        r"\b(?:ben|benim)\s+de[ğg]il\w*",
        r"\b(?:no\s+idea|don['’]?t\s+know|keine\s+ahnung)\W+(?:who|wer)\b|\bnever\s+heard\s+of\b|"
        r"\bkenne?\s+ich\s+(?:gar\s+)?nicht|\bconnais\s+pas\b|\bno\s+(?:lo|la|le)\s+conozco|"
        r"\bnon\s+(?:lo|la)\s+conosco|\bken\s+ik\s+niet|\bnie\s+znam\b|\btan[ıi]m[ıi]yorum",
        r"\b(?:your|dein\w{0,2}|eure?\w?)\s+(?:employee|rep|representative|mitarbeiter\w*)\b",
        rf"\b(?:del|dello|della|dei|dal|al)\s+(?:{_STRICT})\s+{relation}\b",
    )


@lru_cache(maxsize=1)
def somebody_else() -> re.Pattern[str]:
    """What says that an identifier near by is somebody else's."""
    relation = "(?:" + "|".join(_RELATIONS.split()) + ")"
    noun = IDENTIFIER_WORDS
    return re.compile(
        "|".join(
            (
                # my (old) dad('s), meines Vaters; not "my wife and I"
                rf"\b(?:{_STRICT})\s+(?:[\w\-]+\s+){{0,2}}?{relation}(?:['’]?s)?\b"
                r"(?!\s+(?:and|und|et|y|e|en)\s+(?:i|ich|moi|yo|io|ik|eu)\b)",
                rf"\b(?:{_STRICT}|a|an|one\s+of\s+our)\s+(?:customer|client|guest|kunde|kundin|kunden)(?:['’]?s)?\b"
                r"(?![\s\-]*(?:number|no\b|id\b|nr\b|account|service|support|care|reference|konto|nummer))",
                rf"\b(?:{_PREPOSITIONS})\s+(?:(?:{_POSSESSIVES})\s+)?{relation}\b",
                r"\b(?:baba|anne|büyükanne|dede|eşi|koca|karı|abi|abla|kardeşi|arkadaşı|komşu)(?:m|mın|min|mı|mi|mun|nin|nın)\b",
                rf"\b{relation}['’]s\b|\b(?:oma|opa|mama|papa)s\s+{noun}",
                # his number, deren Mail
                r"\b(?:his|her|their|seine\w?|ihre\w?|deren|dessen|leurs?|sus?|su[oa]|loro|zijn|haar|hun|seus?|suas?)"
                rf"\s+(?:{_ADJECTIVES}\s+){{0,2}}{noun}\b",
                rf"\b{noun}\s+(?:dele|dela|deles|di\s+l[ue]i|de\s+(?:él|ella)|von\s+(?:ihm|ihr|ihnen))\b",
                # Peter's number, someone else's account
                r"\b(?!(?:it|that|what|here|there|who|let|he|she|how|where|today|everything)['’])[^\W\d_]{3,}['’]s"
                rf"\s+(?:{_ADJECTIVES}\s+){{0,2}}{noun}\b",
                r"\b(?:someone|somebody)\s+else|\bjemand\w*\s+ander\w*|\bquelqu['’]un\s+d['’]autre|\botra\s+persona|"
                r"\b(?:di|de|d['’])\s*un['’]?\s*altr[oa]\b|\biemand\s+anders|\boutra\s+pessoa|\bkogo[śs]\s+inn\w+|"
                r"\bba[şs]ka(?:s[ıi]\w*|\s+bir\w*)",
                *_more_of_somebody_else(relation),
                rf"\b(?:for|f[üu]r|pour|para|per|voor)\s+(?:one\s+of|{_SOMEBODY})\b",
                # the label says, on the parcel
                r"\b(?:label|sticker|envelope|etikett|aufkleber|paket|paketschein|umschlag|[ée]tiquette|colis|etiqueta|"
                r"paquete|etichetta|pacco|etiket|pakket)\s+(?:\w+\s+){0,2}?(?:says?|said|reads?|shows?|states?|has|"
                r"steht|sagt|zeigt|lautet|dit|indique|dice|pone|zegt|staat|diz)\b",
                r"\b(?:on|auf|laut|sur|en|sull?['’]?|op|according\s+to)\s+(?:the|dem|der|l['’]?|le|la|el|il|het|de)?\s*"
                r"(?:\w+\s+)?(?:label|sticker|envelope|etikett|aufkleber|paketaufkleber|umschlag|[ée]tiquette|etiqueta|"
                r"etichetta|etiket)\b",
                r"\b(?:addressed|meant|intended|destined|adressiert|bestimmt|destin[ée]e?|dirigid[oa]|destinat[oa]|"
                r"bestemd|geadresseerd|destinad[oa])\s+(?:to|for|an|f[üu]r|[àa]|a|para|per|aan|voor)\b(?!\s+me\b)",
                r"\b(?:for|to|f[üu]r|an|pour|para|per|voor)\s+(?:mr|mrs|ms|herrn?|frau|mme|sra?|sig|mevr\w*|dhr)\b",
                r"\b(?:belongs?|belonging|geh[öo]rt|geh[öo]ren|appartient|pertenece|appartiene|behoort|pertence)\b"
                r"(?!\s+(?:to\s+me|mir|[àa]\s+moi)\b)",
                r"\b(?:scam\w*|phish\w*|fraud\w*|spoof\w*|betr[üu]g\w*|abzocke|arnaque\w*|estafa\w*|truffa\w*|"
                r"oplicht\w*|golpe)\b",
                r"\b(?:called|texted|emailed|messaged|rang)\s+me\b|\bmich\s+(?:\w+\s+){0,4}(?:angerufen|angeschrieben)",
                # not mine; the wrong number
                r"\b(?:not|isn['’]?t|wasn['’]?t|nicht|pas|no\s+es|non\s+[èe]|niet|n[ãa]o\s+[ée])\s+"
                rf"(?:mine\b|meine?s?\b|mijn\b|(?:my|mon|ma|mi|mi[oa]|o?\s?meu|a?\s?minha)\s+(?:{_ADJECTIVES}\s+)?{noun}\b|"
                r"le\s+mien|la\s+mienne|m[íi][oa]\b|minha\b)",
                r"\b(?:wrong|incorrect|falsche\w?|verkehrte\w?|mauvaise?|equivocad[oa]|sbagliat[oa]|verkeerde?|errad[oa])"
                r"\s+(?:e-?mail\w*|mail\w*|number|nummer|telefon\w*|phone|account|konto|num[ée]ro|correo|adres)\b",
                r"\bon\s+behalf\s+of|\bim\s+(?:auftrag|namen)\s+(?:von|mein\w*|unser\w*|der|des|einer?s?)|\bstellvertretend|"
                r"\bde\s+la\s+part\s+d|\bpour\s+le\s+compte|\bper\s+conto|\bnamens\b",
                # yours: the company's
                r"\b(?:your|dein\w{0,2}|euer|eure\w?|votre|vos|vuestr[oa]|vostr[oa]|jullie|uw|vosso|vossa)\s+"
                rf"(?:[\w\-]+\s+)?(?:{_COMPANYS})\b",
                r"\b(?:he|she)\s+(?:is|has|uses?|ordered|bought|lives?)\b|"
                r"\b(?:er|sie)\s+(?:hat|hatte)\s+(?:\w+\s+){0,4}?(?:bestellt|gekauft|benutzt)\b",
            )
        ),
        re.IGNORECASE,
    )


@lru_cache(maxsize=1)
def from_or_to() -> re.Pattern[str]:
    """What right before an identifier says that it wrote, or was written to: "I got a call from"."""
    return re.compile(
        r"\b(?:from|von|vom|de|da|dal|van)\s*:?[\s#<(\"]*$"
        r"|\b(?:wrote|written|emailed|mailed|sent|called|geschrieben|geschickt|gesendet|angerufen|[ée]crit|envoy[ée]|appel[ée]|"
        r"escrito|escrib[íi]|enviado|llamado|scritto|inviato|chiamato|gemaild|gestuurd|gebeld)\s+(?:\w+\s+){0,4}?"
        r"(?:to\s+|an\s+|[àa]\s+|al?\s+|naar\s+|aan\s+|para\s+)?$"
        r"|\b(?:i|we)\s+(?:\w+\s+){0,2}?(?:wrote|called|rang|emailed|mailed)\s+(?:\w+\s+){0,3}?(?:to|at|on)\s*$"
        r"|(?<!gern )(?<!gerne )(?<!bitte )(?<!mir )(?<!mich )(?<!antwort )\ban\s*$"
        r"|\b(?:go(?:es|ing)?|went|geht|gehen|ging(?:en)?|part(?:ent)?|arrive(?:nt)?|llegan?|van?|vanno|arriva(?:no)?|"
        r"ga(?:at|an))\s+(?:to|an|[àa]|al|naar)\s*$"
        r"|\b(?:not|bin\s+nicht|pas|no\s+soy|non\s+sono|ben\s+niet)\s*$"
        r"|\b(?:who(?:['’]?s|\s+is)|wer\s+ist|wem\s+geh\w+|qui\s+est|qui[ée]n\s+es|chi\s+[èe]|wie\s+is|kto\s+to)\s*$",
        re.IGNORECASE,
    )


@lru_cache(maxsize=1)
def own() -> re.Pattern[str]:
    """What says that an identifier is the author's."""
    noun = IDENTIFIER_WORDS
    return re.compile(
        rf"\b(?:my|mein\w{{0,2}}|mon|ma|mes|mi|mis|mi[oae]|mijn|m['’]n|meus?|minhas?)\s+(?:{_ADJECTIVES}[\s\-/]*){{0,4}}{noun}\b"
        r"|(?<!not )(?<!n't )(?<!n’t )(?<!of )\bmine\b"
        r"|\bmeines?\b(?=\s*(?:ist|lautet|:))|\b(?:le\s+mien|la\s+mienne|el\s+m[íi]o|il\s+mio)\b"
        r"|\b(?:reach|contact|call|text|write|e-?mail|ring|phone|message|whatsapp|ping|find|notify|update|mail)\s+(?:to\s+)?(?:me|us)\b"
        r"|\b(?:send|forward)\s+(?:\w+\s+){0,3}?me\b"
        r"|\bi(?:['’]m|\s+am)\s+(?:at|on|under|registered|using|reachable|available|a\s+customer|logged|signed)\b"
        r"|\bi(?:['’]ve|\s+have|\s+had|['’]d)?\s+(?:just\s+|also\s+|already\s+|always\s+)?(?:used?|ordered|order|registered|signed|bought|booked|placed|purchased|paid|subscribed|log(?:ged)?|created|returned|cancelled|canceled|made|go\s+by)\b"
        r"|\b(?:erreich\w+|kontaktier\w*|ruf\w*|schreib\w*|melde\w*|kontakt)\s+(?:\w+\s+){0,2}?(?:mich|mir)\b|\b(?:mich|mir)\s+(?:\w+\s+){0,3}?(?:erreich\w*|kontaktier\w*|anrufen|schreiben)\b|\bbin\s+ich\b"
        r"|\bich\s+(?:bin|habe?|hatte|nutze|benutze|verwende|bestellte?)\s+(?:\w+\s+){0,6}?(?:erreichbar|unter|mit|registriert|angemeldet|bestellt|gekauft|gebucht|[üu]ber)\b|\bhabe?\s+ich\b"
        r"|\b(?:me\s+(?:joindre|contacter|rappeler|[ée]crire|appeler)|je\s+suis\s+(?:joignable|inscrite?)|j['’]ai\s+(?:command[ée]|utilis[ée]|achet[ée]))\b"
        r"|\b(?:ll[aá]m[ea]n?me|escr[ií]b[ae]n?me|chiam[ai]te?mi|scriv[ei]te?mi|appelez-moi|[ée]crivez-moi|bel\s+mij|mail\s+mij)\b"
        r"|\bme\s+registr[ée]\b|\bm['’](?:appeler|[ée]crire|envoyer)\b|\bbel\s+me\b|\bik\s+(?:sta|ben)\s+ingeschreven\b|"
        r"\bm[óo]j\s+(?:e-?)?mail\b|\bkonto\s+mam\b|\bschreib\w*\s+mir\b"
        r"|\b(?:contactarme|llamarme|escribirme|localizarme|he\s+(?:pedido|comprado|usado)|ped[íi]|compr[ée]|estoy\s+registrad[oa])\b"
        r"|\b(?:contattarmi|chiamarmi|scrivermi|ho\s+(?:ordinato|comprato|usato)|sono\s+registrat[oa])\b"
        r"|\b(?:me|mij)\s+(?:bereiken|bellen|mailen|contacteren)\b|\bik\s+(?:ben|heb)\s+(?:\w+\s+){0,4}?(?:bereikbaar|besteld|gekocht|geregistreerd)\b"
        r"|\b(?:m[óo]j|moje|moja|mojego|mojej)\s+(?:\w+\s+)?(?:e-?mail|adres|numer|telefon|konto|zam[óo]wieni[ea])\b|\bjestem\s+zarejestrowan[ya]"
        r"|\b(?:numaram|telefonum|adresim|e-?postam|mailim|hesab[ıi]m|sipari[şs]im|beni)\b|\bkay[ıi]tl[ıi]y[ıi]m\b|\bsipari[şs]\s+numaram\b"
        r"|\b(?:min|mitt|mit|mina)\s+(?:e-?post\w*|e-?mail\w*|mail\w*|adresse?|nummer|telefon\w*|mobil\w*|konto|ordre\w*|order\w*|bestilling|beställning)\b"
        r"|(?:\bмой|\bмоя|\bмо[её]|\bмій|\bмоє)\s+(?:\w+\s+)?(?:e-?mail|емейл|имейл|почта|пошта|адрес\w*|номер|телефон|заказ|замовлення)"
        r"|\b(?:contactar-me|ligar-me|me\s+(?:ligar|contatar|escrever)|fiz|comprei|estou\s+registad[oa])\b",
        re.IGNORECASE,
    )  # fmt: skip


@lru_cache(maxsize=1)
def given_as_answer() -> re.Pattern[str]:
    """What introduces an identifier without saying whose it is: an answer to a question is the author's."""
    noun = IDENTIFIER_WORDS
    return re.compile(
        rf"\b(?:the|die|der|das|l['’]|la|le|el|il|lo|de|het|o|a)\s*(?:{_ADJECTIVES}[\s\-/]*){{0,3}}{noun}\s+(?:\w+\s+){{0,5}}?(?:is|was|ist|lautet|war|est|es|[èe]|[ée]|:)"
        rf"|(?:^\s*|[,;:\n(]\s*|\b(?:and|und|et|y|e|en)\s+)(?:{_ADJECTIVES}[\s\-]+){{0,2}}(?:{noun}|mobil)\s*(?:is|ist|lautet|est|es|[èe])?\s*[:=#\-.]*\s*$"
        r"|\b(?:it['’]?s|it\s+is|here(?:['’]s|\s+(?:it\s+is|you\s+go|is|are))|sure|of\s+course|yes|yep|ok(?:ay)?|under|registered|using|try)\b[^.!?]{0,24}$"
        r"|\b(?:hier|klar|gerne?|bitte|ja|sie\s+lautet|es\s+ist|l[äa]uft\s+auf|unter|registriert|angemeldet|lautet)\b[^.!?]{0,24}$"
        r"|\b(?:voici|voil[àa]|c['’]est|bien\s+s[ûu]r|oui|aqu[íi]|claro|s[íi]|es|ecco|certo|natuurlijk|dit\s+is|aqui|est[áa]|[ée])\b[^.!?]{0,16}$",
        re.IGNORECASE,
    )  # fmt: skip


_FILLER = """
hi hello hey dear team there thanks thank you please pls thx cheers regards best kind hallo guten tag moin servus
danke bitte gruss grüße lg vg mfg viele liebe hola gracias buenas bonjour merci salut ciao grazie hoi bedankt dank
je wel olá obrigado obrigada sure ok okay yes here is it the and or und oder et y e en my mail email e-mail phone
number tel mobile telefon nummer handy order bestellung bestellnummer nr no hier klar gerne ist das die der this
that's its it's to for so
"""
FILLER = frozenset(_FILLER.split())
