"""Mail domains that belong to nobody in particular, and names of mailboxes that are a role's: data of this project."""

from __future__ import annotations

import re
from functools import lru_cache

_FREE = """
126.com 163.com a1.net abv.bg alice.it aol.com aol.de aon.at arcor.de att.net azet.sk bbox.fr bellsouth.net
bigpond.com bk.ru bluewin.ch blueyonder.co.uk bol.com.br btinternet.com caramail.com centrum.cz charter.net chello.at
citromail.hu comcast.net comhem.se cox.net daum.net disroot.org docomo.ne.jp duck.com earthlink.net email.cz email.de
ewetel.net excite.com ezweb.ne.jp fastmail.com fastmail.fm fastwebnet.it free.fr freemail.hu freenet.de gazeta.pl
getmail.no globo.com gmail.com gmx.at gmx.ch gmx.co.uk gmx.com gmx.de gmx.es gmx.fr gmx.net googlemail.com hanmail.net
hetnet.nl hey.com hispeed.ch home.nl hotmail.co.uk hotmail.com hotmail.com.tr hotmail.de hotmail.es hotmail.fr
hotmail.it hushmail.com icloud.com ig.com.br inbox.com inbox.lv inbox.ru interia.pl jubii.dk juno.com kabelmail.de
kpnmail.nl kpnplanet.nl laposte.net libero.it list.ru live.co.uk live.com live.de live.fr live.it live.nl luukku.com
lycos.com mac.com mail.com mail.de mail.dk mail.ru mailbox.org mailfence.com me.com msn.com mynet.com naver.com
netcologne.de neuf.fr ntlworld.com numericable.fr o2.pl ok.de onet.pl online.de online.no optusnet.com.au orange.fr
osnanet.de outlook.com outlook.de planet.nl pm.me posteo.de posteo.net privaterelay.appleid.com proton.me
protonmail.ch protonmail.com proximus.be qq.com rambler.ru rediffmail.com riseup.net rocketmail.com rogers.com sapo.pt
sbcglobal.net scarlet.be seznam.cz sfr.fr shaw.ca sina.com sky.com skynet.be softbank.ne.jp startmail.com sunrise.ch
suomi24.fi sympatico.ca t-online.de talktalk.net telefonica.net telenet.be telia.com terra.com.br terra.es tin.it
tiscali.it tuta.com tuta.io tutanota.com tutanota.de ukr.net unitybox.de uol.com.br upcmail.nl verizon.net versanet.de
virgilio.it virginmedia.com vodafone.de vodafone.it walla.co.il wanadoo.fr web.de wp.pl xs4all.nl xtra.co.nz
yahoo.co.in yahoo.co.jp yahoo.co.uk yahoo.com yahoo.com.br yahoo.de yahoo.es yahoo.fr yahoo.it yandex.com yandex.ru
ymail.com ziggo.nl zoho.com
"""
_ROLES = """
abuse accounting accounts accueil admin administratie administrator amministrazione anfrage anfragen assistenza
atencion atencioncliente atendimento bestellung bestellungen bewerbung billing boekhouding bonjour booking bookings
buchhaltung buchung care clientes commercial comptabilite contact contacto contato contatto customer customer-service
customercare customerservice datenschutz dispatch dispo do-not-reply donotreply edv einkauf email empfang enquiries
enquiry familie family feedback finance financeiro geral hallo haushalt hausverwaltung hello help helpdesk hi hilfe
hola hostmaster hr info informazioni infos inquiry invoice invoices it jobs kanzlei karriere klantenservice kontakt
kundendienst kundenservice lager legal logistik mail marketing media newsletter no-reply noreply office order orders
ordini post postmaster praxis press presse privacy procurement purchasing reception rechnung rechnungen redaktion
reservations rezeption sales sav secretary security sekretariat service serviceclient services servicio
servizioclienti shop soporte store suporte support team technik vendas vendite ventas verkauf verkoop vertrieb
verwaltung webmaster werkstatt zentrale
"""
_WORDS = re.compile(r"[.\-_]+")


@lru_cache(maxsize=1)
def _free() -> frozenset[str]:
    return frozenset(_FREE.split())


@lru_cache(maxsize=1)
def _roles() -> frozenset[str]:
    return frozenset(_ROLES.split())


def own_domain(email: str) -> str:
    """The domain of a normalised address unless it is a mail provider's; then nothing."""
    domain = email.rpartition("@")[2]
    return "" if domain in _free() else domain


def is_role(email: str) -> bool:
    """Whether a normalised address is a role's (info@, support@), behind which many people may sit."""
    name = email.rpartition("@")[0].partition("+")[0]
    return name in _roles() or _WORDS.sub("", name) in _roles() or _WORDS.split(name)[0] in _ALWAYS


_ALWAYS = frozenset({"info", "support", "noreply", "office", "kontakt", "contact", "service", "team", "sales"})
