"""Why an alert was raised, in one plain sentence: what was said, and what it was held against."""

from collections.abc import Mapping, Sequence

import msgspec

from app.alerts.models import Numbers

# A reason that rests on numbers has a sentence with them and one without: whoever does not know the patient yet reads
# no levels.
_WITH: Mapping[str, Mapping[str, str]] = {
    "en": {
        "craving-high": "they rated their craving {craving} of 10, and this program asks from {craving_high} on",
        "craving-rising": "their craving of {craving} is well above what is usual for them ({craving_median}, the"
        " median of two weeks)",
        "mood-low": "they rated their mood {mood} of 10, and this program asks at {mood_low} and below",
        "mood-falling": "their mood of {mood} is well below what is usual for them ({mood_median}, the median of two"
        " weeks)",
        "all-at-once": "craving ({craving}), mood ({mood}) and sleep ({sleep} hours) went wrong on the same day",
        "craving-worsening": "their craving was {craving_week} on average this week, after {craving_fortnight} in the"
        " two weeks before",
        "mood-worsening": "their mood was {mood_week} on average this week, after {mood_fortnight} in the two weeks"
        " before",
        "milestone": "they have checked in on {days} days, which deserves a word",
        "missed-check-ins": "they have not checked in for {missed} days",
    },
    "es": {
        "craving-high": "puso {craving} de 10 a sus ganas de usar, y este programa pregunta desde {craving_high}",
        "craving-rising": "sus ganas de usar ({craving}) están muy por encima de lo suyo ({craving_median}, la mediana"
        " de dos semanas)",
        "mood-low": "puso {mood} de 10 a su ánimo, y este programa pregunta desde {mood_low} hacia abajo",
        "mood-falling": "su ánimo ({mood}) está muy por debajo de lo suyo ({mood_median}, la mediana de dos semanas)",
        "all-at-once": "el mismo día fueron mal las ganas de usar ({craving}), el ánimo ({mood}) y el sueño ({sleep}"
        " horas)",
        "craving-worsening": "sus ganas de usar fueron {craving_week} de media esta semana, y {craving_fortnight} en"
        " las dos semanas anteriores",
        "mood-worsening": "su ánimo fue {mood_week} de media esta semana, y {mood_fortnight} en las dos semanas"
        " anteriores",
        "milestone": "ha registrado {days} días, y merece una palabra",
        "missed-check-ins": "no ha hecho su registro en {missed} días",
    },
}
_WITHOUT: Mapping[str, Mapping[str, str]] = {
    "en": {
        "in-danger": "they said that they may overdose or hurt themselves",
        "not-sure-who": "they signed in with a code alone, so it may be somebody else with their telephone number",
        "return-to-use": "they said that they have used",
        "wants-to-talk": "they would like to talk to somebody",
        "craving-high": "they reported a strong craving",
        "craving-rising": "their craving is well above what is usual for them",
        "mood-low": "they reported a very low mood",
        "mood-falling": "their mood is well below what is usual for them",
        "all-at-once": "craving, mood and sleep went wrong on the same day",
        "craving-worsening": "their craving has been getting worse for a week",
        "mood-worsening": "their mood has been getting worse for a week",
        "milestone": "they have reached a number of days that deserves a word",
        "missed-check-ins": "they have stopped checking in",
        "no-show": "they did not come to their appointment",
        "heard-in-person": "somebody who stands beside them heard it from them in person",
        "heard-by-phone": "somebody who stands beside them heard it on the telephone",
        "heard-in-writing": "somebody who stands beside them read it in what they wrote",
        "heard-from-others": "somebody who stands beside them heard it from others",
        "flagged-message": "somebody flagged a message of theirs as a sign of danger",
    },
    "es": {
        "in-danger": "dijo que podría tener una sobredosis o hacerse daño",
        "not-sure-who": "entró solo con un código, así que puede ser otra persona con su número de teléfono",
        "return-to-use": "dijo que ha usado",
        "wants-to-talk": "quiere hablar con alguien",
        "craving-high": "dijo que tiene muchas ganas de usar",
        "craving-rising": "sus ganas de usar están muy por encima de lo suyo",
        "mood-low": "dijo que tiene el ánimo muy bajo",
        "mood-falling": "su ánimo está muy por debajo de lo suyo",
        "all-at-once": "el mismo día fueron mal las ganas de usar, el ánimo y el sueño",
        "craving-worsening": "sus ganas de usar empeoran desde hace una semana",
        "mood-worsening": "su ánimo empeora desde hace una semana",
        "milestone": "ha llegado a un número de días que merece una palabra",
        "missed-check-ins": "ha dejado de hacer su registro",
        "no-show": "no vino a su cita",
        "heard-in-person": "alguien que le acompaña lo oyó en persona",
        "heard-by-phone": "alguien que le acompaña lo oyó por teléfono",
        "heard-in-writing": "alguien que le acompaña lo leyó en lo que escribió",
        "heard-from-others": "alguien que le acompaña lo supo por otros",
        "flagged-message": "alguien señaló un mensaje suyo como signo de peligro",
    },
}
_RAISED = {"en": ("Raised because {}.", "; and "), "es": ("Se abrió porque {}.", "; y ")}


def why(reasons: Sequence[str], numbers: Numbers | None, language: str) -> str:
    """The sentence, in the reader's language; without numbers for whoever reads no levels."""
    spoken = language if language in _RAISED else "en"
    sentence, and_also = _RAISED[spoken]
    return sentence.format(and_also.join(_said(one, numbers, spoken) for one in reasons))


def _said(reason: str, numbers: Numbers | None, language: str) -> str:
    known = {
        name: f"{value:g}" for name, value in msgspec.structs.asdict(numbers or Numbers()).items() if value is not None
    }
    with_numbers = _WITH[language].get(reason)
    if with_numbers and all(f"{{{name}}}" not in with_numbers or name in known for name in Numbers.__struct_fields__):
        return with_numbers.format(**known)
    return _WITHOUT[language].get(reason, reason.replace("-", " "))
