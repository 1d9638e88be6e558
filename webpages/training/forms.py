# ruff: noqa: E501  # the lexicon reads better unbroken
"""Fit the field model: multinomial logistic regression on hashed words, and the transitions between neighbours."""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from trimtab.webpages.parse.fields import Field
from trimtab.webpages.predict.field_model import FIELD_TYPES, N_BUCKETS, FieldModel, hashed
from trimtab.webpages.predict.model import SCHEMA_VERSION, replace_file
from trimtab.webpages.training.form_sets import LabelledForm

RIDGE = 0.02
SMOOTHING = 2.0
LEXICON: dict[str, str] = {
    "firstName": "first name|given name|forename|vorname|prénom|prenom|nombre|nome|voornaam|fornavn|förnamn|etunimi|imię|jméno|имя|名",
    "lastName": "last name|surname|family name|nachname|nom|nom de famille|apellido|apellidos|cognome|sobrenome|achternaam|etternavn"
    "|efternamn|sukunimi|nazwisko|příjmení|фамилия|姓",
    "fullName": "full name|your name|name|ihr name|nombre completo|nome completo|nom complet|recipient|имя и фамилия|氏名|お名前",
    "phone": "phone|telephone|mobile|phone number|cell|telefon|telefonnummer|handy|téléphone|teléfono|telefono|telefone|telefoon|puhelin"
    "|mobil|телефон|電話番号",
    "emailAddress": "email|e-mail|email address|your email|e-mail-adresse|courriel|adresse e-mail|correo electrónico|correo|endereço de email"
    "|e-mailadres|sähköposti|эл. почта|メールアドレス",
    "addressStreet": "address|street|street address|address line 1|address 1|straße|strasse|straße und hausnummer|adresse|rue|dirección|calle|indirizzo"
    "|via|endereço|rua|adres|straat|gatuadress|adresse 1|ulica|ulice|utca|адрес|улица|住所|番地",
    "houseNumber": "house number|house no|street number|hausnummer|haus nr|numéro|número|numero civico|huisnummer|husnummer|numer domu|číslo popisné"
    "|nr domu|дом|номер дома",
    "addressStreet2": "address line 2|address 2|apartment|apt|suite|unit|apt, suite, etc|adresszusatz|complément d'adresse|piso|complemento|interno"
    "|toevoeging|квартира|建物名",
    "addressCity": "city|town|suburb|town city|stadt|ort|wohnort|ville|ciudad|población|localidad|città|comune|cidade|plaats|stad|woonplaats|by|ort"
    "|postort|kaupunki|miasto|miejscowość|město|obec|mesto|város|oraș|localitate|город|місто|市区町村|市",
    "addressProvince": "state|province|county|region|state province|bundesland|département|région|provincia|estado|regione|provincie|län|województwo"
    "|kraj|județ|область|регион|都道府県",
    "addressPostalCode": "zip|zip code|postal code|postcode|post code|plz|postleitzahl|code postal|código postal|cap|cep|postnummer|postnr|postinumero"
    "|kod pocztowy|psč|psc|irányítószám|cod poștal|индекс|почтовый индекс|郵便番号",
    "addressCountryCode": "country|land|pays|país|pais|paese|nazione|maa|kraj|země|krajina|ország|țara|страна|країна|国",
    "cardNumber": "card number|credit card number|card no|kartennummer|numéro de carte|número de tarjeta|numero di carta|número do cartão|kaartnummer"
    "|numer karty|номер карты|カード番号",
    "cardSecurityCode": "cvv|cvc|cvv2|security code|card verification|prüfziffer|cryptogramme|código de seguridad|codice di sicurezza",
    "cardName": "name on card|cardholder name|card holder|karteninhaber|titulaire de la carte|titular|titolare|nome no cartão",
    "expirationMonth": "expiration month|expiry month|exp month|month|monat|mois|mes de caducidad|mese",
    "expirationYear": "expiration year|expiry year|exp year|jahr|année|año de caducidad|anno",
    "expiration": "expiration date|expiry date|expiry|mm yy|gültig bis|date d'expiration|fecha de caducidad|scadenza|validade",
    "username": "username|user name|login|user id|benutzername|identifiant|usuario|utente|логин|ユーザー名",
    "password": "password|confirm password|passwort|mot de passe|contraseña|senha|wachtwoord|lösenord|hasło|heslo|jelszó|parola|пароль|パスワード",
    "birthday": "date of birth|birthday|birth year|geburtsdatum|date de naissance|fecha de nacimiento|data di nascita|дата рождения",
    "other": "search|search products|quantity|message|comment|subject|company|coupon|promo code|gift code|captcha|newsletter|i agree|remember me|gender"
    "|title|website|suche|menge|nachricht|firma|gutschein|recherche|quantité|buscar|cantidad|cerca|procurar|zoek|поиск|検索",
}
"""Names of fields in the languages of shops, each a training field as label, placeholder and name."""


def lexicon_forms() -> list[LabelledForm]:
    """The lexicon as fields of their own, so that the model knows rare types and languages."""
    forms = []
    for kind, words in LEXICON.items():
        for word in words.split("|"):
            for where in ("label", "placeholder", "name"):
                text = word.replace(" ", "_") if where == "name" else word
                one = Field(-1, -1, {"kind": "text", where: text})
                forms.append(LabelledForm(f"{kind}/{word}/{where}", "lexicon", "lexicon", [one], [kind]))
    return forms


def fit_fields(forms: Sequence[LabelledForm], *, with_lexicon: bool = True) -> FieldModel:
    """Weights by L-BFGS with a ridge, transitions by counting neighbours in real forms."""
    used = [*forms, *(lexicon_forms() if with_lexicon else [])]
    fields = [one for form in used for one, kind in zip(form.fields, form.types, strict=True) if kind is not None]
    kinds = [FIELD_TYPES.index(kind) for form in used for kind in form.types if kind is not None]
    sources = [form.source for form in used for kind in form.types if kind is not None]
    rows, buckets, values = hashed(fields)
    x = csr_matrix((values, (rows, buckets)), shape=(len(fields), N_BUCKETS), dtype=np.float64)
    counts = Counter(kinds)
    rarity = np.asarray([(len(kinds) / len(FIELD_TYPES) / counts[kind]) ** 0.35 for kind in kinds])
    importance = rarity * np.asarray([0.3 if source == "lexicon" else 1.0 for source in sources])
    weights, bias = _logistic(x, np.asarray(kinds), importance)
    return FieldModel(weights, bias, _transitions(forms))


def _logistic(
    x: csr_matrix, y: NDArray[np.int64], importance: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    n, n_types = x.shape[0], len(FIELD_TYPES)
    truth = np.zeros((n, n_types))
    truth[np.arange(n), y] = 1.0
    xt = x.T.tocsr()

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        w, b = flat[: N_BUCKETS * n_types].reshape(N_BUCKETS, n_types), flat[N_BUCKETS * n_types :]
        logits = x @ w + b
        logits -= logits.max(axis=1, keepdims=True)
        p = np.exp(logits)
        p /= p.sum(axis=1, keepdims=True)
        error = (p - truth) * importance[:, None]
        value = -(importance * np.log(p[np.arange(n), y] + 1e-12)).sum() + RIDGE * (w * w).sum() * 0.5
        return float(value), np.concatenate([(xt @ error + RIDGE * w).ravel(), error.sum(axis=0)])

    start = np.zeros(N_BUCKETS * n_types + n_types)
    best = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 60})
    flat = best.x.astype(np.float32)
    return flat[: N_BUCKETS * n_types].reshape(N_BUCKETS, n_types), flat[N_BUCKETS * n_types :]


def _transitions(forms: Sequence[LabelledForm]) -> NDArray[np.float32]:
    """Smoothed log-odds of the next type given this one against how often it comes at all."""
    n = len(FIELD_TYPES)
    pairs = np.zeros((n + 1, n))
    shares = np.full(n, SMOOTHING)
    for form in forms:
        before = n
        for kind in form.types:
            if kind is None:
                before = n
                continue
            here = FIELD_TYPES.index(kind)
            pairs[before, here] += 1
            shares[here] += 1
            before = here
    share = shares / shares.sum()
    smoothed = pairs + SMOOTHING * n * share
    conditional = smoothed / smoothed.sum(axis=1, keepdims=True)
    return np.asarray(np.log(conditional / share), dtype=np.float32)


def save_fields(model: FieldModel, folder: Path, figures: dict[str, Any]) -> None:
    """`fields.npz` with float16 weights, and `fields.json` beside it."""
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer, weights=model.weights.astype(np.float16), bias=model.bias, transitions=model.transitions
    )
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / "fields.npz", buffer.getvalue())
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "sha256": {"fields.npz": hashlib.sha256(buffer.getvalue()).hexdigest()},
        "types": list(FIELD_TYPES),
        "temperature": model.temperature,
        "figures": figures,
    }
    replace_file(folder / "fields.json", json.dumps(manifest, indent=1, sort_keys=True).encode())
