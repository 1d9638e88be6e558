"""Words for whether something can be bought now, as feeds have them."""

from __future__ import annotations

import re

_YES = (
    "+|available for order|special order|"
    "true|t|yes|y|1|1.0|ja|oui|sí|si|sim|tak|on|instock|in stock|available|limitedavailability|limited availability|"
    "onlineonly|instoreonly|in stock online|low stock|lieferbar|auf lager|sofort lieferbar|verfügbar|vorrätig|"
    "en stock|disponible|disponibile|in magazzino|disponível|em estoque|em stock|op voorraad|leverbaar|i lager|"
    "på lager|varastossa|dostępny|w magazynie|skladem|na sklade|na skladě|raktáron|în stoc|в наличии|в наявності|"
    "stokta|stokta var|var|διαθέσιμο|άμεσα διαθέσιμο|σε απόθεμα|få igjen|få på lager|vähän jäljellä|nur noch wenige|"
    "wenige verfügbar|dernières pièces|últimas unidades|ultimi pezzi|ostatnie sztuki|残りわずか|있음|재고있음|판매중|"
    "на складе|есть|在庫あり|有货|有貨|재고 있음|متوفر|موجود|במלאי|да|evet|igen|ano|da|kyllä|نعم|بله|כן|是|có|còn hàng|"
    "налично|в наличност|available now"
)
_NO = (
    "false|f|no|n|0|0.0|nein|non|não|nie|off|outofstock|out of stock|soldout|sold out|discontinued|unavailable|"
    "not available|preorder|pre order|presale|backorder|back order|on backorder|onbackorder|madetoorder|reserved|"
    "coming soon|ausverkauft|nicht lieferbar|nicht auf lager|nicht verfügbar|vergriffen|vorbestellung|épuisé|"
    "rupture|rupture de stock|en rupture de stock|en rupture|indisponible|agotado|sin stock|no disponible|esaurito|"
    "non disponibile|esgotado|indisponível|sem estoque|sem stock|niet op voorraad|uitverkocht|niet leverbaar|slut|"
    "slutsåld|slut i lager|"
    "ej i lager|udsolgt|ikke på lager|utsolgt|loppu|loppuunmyyty|niedostępny|brak|brak w magazynie|"
    "vyprodáno|není skladem|vypredané|elfogyott|nincs raktáron|stoc epuizat|indisponibil|нет в наличии|"
    "немає в наявності|нет|немає|εξαντλημένο|εξαντλήθηκε|μη διαθέσιμο|κατόπιν παραγγελίας|없음|재고 없음|재고없음|"
    "일시품절|распродано|tükendi|stokta yok|yok|在庫切れ|売り切れ|缺货|缺貨|售罄|품절|غير متوفر|نفد|ناموجود|"
    "אזל|אזל מהמלאי|не|ne|hayır|nem|nu|ei|nee|nej|لا|خیر|לא|否|không|hết hàng|изчерпан|няма"
)
YES_LETTERS = ("o", "s", "j")
"""Oui, sí, sim, ja: where the others say no by their first letter."""
IN_STOCK, NOT_IN_STOCK = (frozenset(words.casefold().split("|")) for words in (_YES, _NO))
_SENT_WITHIN = re.compile(
    r"\b\d+ ?(?:h|hours?|hrs|(?:working |business )?days?|weeks?|std|stunden|(?:werk|arbeits)?tagen?|wochen?|jours?|"
    r"heures?|semaines?|d[ií]as?|horas|giorni|ore|dagen|uur|dni|dn[ůíy]|dagar?|päivää|dias|дн\w*|час\w*)\b"
)
"""How long it takes to come: `Ships in 2-3 days`, `1 3 werktage`."""
_SCHEMA_ORG = re.compile(r"^(?:https?://(?:www\.)?schema\.org/|schema:)", re.IGNORECASE)


def in_stock_of(text: str) -> bool | None:
    """Whether a word says that the item can be bought now; None where it is not a word for it.

    Words of Google Merchant and schema.org (also as addresses), of shop platforms, and of many languages. What can only
    be ordered ahead cannot be bought now; what is said to be sent within days can. A number is how many are there.
    """
    words = " ".join(_SCHEMA_ORG.sub("", text.strip()).replace("_", " ").replace("-", " ").casefold().split())
    if words in IN_STOCK:
        return True
    if words in NOT_IN_STOCK:
        return False
    number = words.strip("><≥~+ ")
    if number.isdecimal():
        return int(number) > 0
    return True if _SENT_WITHIN.search(words) else None
