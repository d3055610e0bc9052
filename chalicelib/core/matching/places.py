"""Countries by the names that people write: data of this project."""

from __future__ import annotations

from chalicelib.core.matching.folding import fold

_COUNTRIES = """
DE germany deutschland alemania allemagne germania duitsland alemanha de ger brd
AT austria osterreich oesterreich autriche oostenrijk at aut
CH switzerland schweiz suisse svizzera suiza zwitserland ch sui
FR france frankreich francia frankrijk franca fr fra
ES spain spanien espana espagne spagna spanje espanha es esp
IT italy italien italia italie it ita
PT portugal portogallo pt prt
NL netherlands thenetherlands niederlande holland paysbas paisesbajos nederland paesibassi nl ned
BE belgium belgien belgique belgie belgio belgica be bel
LU luxembourg luxemburg lu
GB uk unitedkingdom england scotland wales greatbritain grossbritannien royaumeuni reinounido northernireland gb gbr
IE ireland irland irlande irlanda ierland ie irl
US usa us unitedstates unitedstatesofamerica america vereinigtestaaten etatsunis estadosunidos
CA canada kanada ca can
AU australia australien au aus
NZ newzealand neuseeland nz
DK denmark danemark danmark dk
SE sweden schweden sverige suede se
NO norway norwegen norge no
FI finland finnland suomi fi
PL poland polen polska pologne polonia pl
CZ czechrepublic czechia tschechien cesko cz
SK slovakia slowakei slovensko sk
HU hungary ungarn magyarorszag hu
RO romania rumanien ro
BG bulgaria bulgarien bg
GR greece griechenland hellas ellada gr
TR turkey turkei tuerkei turkiye tr
RU russia russland rossiya ru
UA ukraine ukraina ua
JP japan nippon nihon jp
CN china cn
KR korea southkorea sudkorea kr
IN india indien in
BR brazil brasilien brasil br
MX mexico mexiko mx
AR argentina argentinien ar
"""
_BY_NAME = {name: line.split()[0] for line in _COUNTRIES.strip().split("\n") for name in line.split()[1:]}


def country_code(name: str) -> str:
    """ISO 3166 code of a country by a usual name or by its code; "" for an unknown one."""
    return _BY_NAME.get(fold(name), "")
