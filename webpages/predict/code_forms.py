# ruff: noqa: E501  # tables of words in many languages read better unbroken
"""Forms that ask for a code that was sent or is shown by another device, and for nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from trimtab.webpages.parse.fields import Field

MIN_BOXES = 4
"""Fields of one character each that make a code."""
MAX_LENGTH = 10
"""Characters of a code, where a field limits them."""
_CODE = re.compile(
    r"one[ -]?time|\botp\b|(?<!captcha )(?:verif\w*|confirm\w*|authenti\w*|security|access|login|sms|text|email|e-mail|mfa|2fa|two[ -]factor|backup|\d[ -]?digits?) ?(?:pass)?code|passcode|\btotp\b"
    r"|(?:bestätigungs|sicherheits|einmal|verifizierungs|zugangs|sms-?|freischalt)[ -]?(?:code|kennwort|passwort|pin)|\bm?tan\b|code (?:de )?(?:vérification|sécurité|confirmation|validation|à usage unique)|usage unique"
    r"|código de (?:verificaci|verifica|seguridad|segurança|confirma|acceso|acesso|un solo uso|uso único)|codice di (?:verifica|sicurezza|conferma)|codice (?:otp|monouso|usa e getta)|verificatiecode|eenmalige code|bevestigingscode|beveiligingscode"
    r"|engångskod|verifieringskod|engangskode|bekreftelseskode|bekræftelseskode|vahvistuskoodi|kertakäyttö|kod weryfikacyjny|kod (?:z )?sms|jednorazow\w+ (?:kod|hasło)|ověřovací kód|jednorázov\w+ k[oó]d|overovací kód|ellenőrző kód|egyszeri kód|megerősítő kód"
    r"|cod(?:ul)? de (?:verificare|confirmare|securitate)|κωδικός (?:επαλήθευσης|επιβεβαίωσης|μίας χρήσης)|doğrulama kodu|tek kullanımlık|onay kodu|код (?:подтверждения|из смс|проверки|підтвердження)|одноразов\w+ (?:код|пароль)|код за потвърждение|kontrolni kod|potvrditveni kod|verifikacijski kod"
    r"|رمز (?:التحقق|التأكيد)|كلمة مرور لمرة|کد تایید|رمز یکبار|קוד (?:אימות|חד[- ]פעמי)|सत्यापन कोड|ओटीपी|รหัส(?:ยืนยัน| ?otp)|mã (?:xác (?:nhận|minh|thực)|otp)|kode (?:verifikasi|otp)|kod pengesahan|인증\s?(?:번호|코드)|認証(?:コード|番号)|確認コード|ワンタイム|验证码|驗證碼|動態密碼|动态密码"
)
_OTHER_CODE = re.compile(
    r"coupon|promo|voucher|gift|discount|referral|invit|captcha|recaptcha|zip|post|gutschein|rabatt|图形|圖形|country|dial"
)


def asks_for_code(fields: Sequence[Field]) -> bool:
    """Whether a form's fields that can be typed into are one field for such a code, or one box for each character."""
    typed = [one.texts for one in fields if one.texts["kind"] in ("text", "tel", "number", "password")]
    if len(typed) >= MIN_BOXES:
        return all(texts.get("maxlength") == "1" for texts in typed)
    return len(typed) == 1 and _names_code(typed[0])


def _names_code(texts: Mapping[str, str]) -> bool:
    if "one-time-code" in texts.get("autocomplete", ""):
        return True
    said = " ".join(texts.get(name, "") for name in ("label", "aria", "placeholder", "title", "name", "id", "heading"))
    length = texts.get("maxlength", "")
    is_short = not (length.isdigit() and int(length) > MAX_LENGTH)
    return is_short and _CODE.search(said.replace("_", " ")) is not None and _OTHER_CODE.search(said) is None
