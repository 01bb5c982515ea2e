"""What mail programs and people write around and into a reply, in the six languages of the surveys. Pure.

Each constant is one pattern, put together from the phrases of each language, one language a line.
"""

import re


def _any(*phrases: str, before: str = "", after: str = "") -> re.Pattern[str]:
    return re.compile(f"{before}(?:{'|'.join(phrases)}){after}", re.IGNORECASE)


# "On Tue, 10 Mar 2026 at 12:00, Brightside IT <x@y> wrote:"
HEAD_START = _any(
    r"on|am|den|op|le|il|el|em|no dia|um",
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day\b",
    r"\d{1,4}[-./]",
    r"[\"'“]?[^<>\n]{0,80}<[^<>\s]{3,200}@",
    before=r"[\s*_]{0,4}",
)
HEAD_VERB = _any(
    r"wrote|writes",
    r"schrieb|geschrieben",
    r"schreef|geschreven",
    r"a [eé]crit|[eé]crivait",
    r"escribi[oó]",
    r"escreveu",
    before=r"\b",
    after=r"\b",
)

# "From: … Sent: … To: … Subject: …"
FIELD = _any(
    r"(?P<start>from|von|de|van)",
    r"sent|to|cc|bcc|date|subject|reply-to|importance",
    r"gesendet|an|datum|betreff|antwort an|priorität",
    r"envoyé(?: le)?|à|objet|répondre à",
    r"enviado(?: el)?|enviada(?: em)?|para|fecha|data|asunto|assunto|responder a",
    r"verzonden|verstuurd|aan|onderwerp",
    before=r"[\s*]{0,3}",
    after=r"\s{0,2}\*{0,2}:",
)
SEPARATOR = _any(
    r"_{20,}",
    r"begin forwarded message:",
    r"-{2,}\s*(?:"
    r"(?:original|forwarded|reply) message|original appointment|"
    r"(?:ursprüngliche|weitergeleitete) nachricht|originalnachricht|"
    r"message (?:d['’]origine|original|transféré)|"
    r"mensaje (?:original|reenviado)|mensagem (?:original|encaminhada)|"
    r"(?:oorspronkelijk|doorgestuurd) bericht)\s*-*",
    before=r"\s*",
    after=r"\s*",
)

DEVICE = _any(
    r"sent (?:from|via|with)|(?:get|download) outlook|get bluemail",
    r"gesendet (?:von|mit|über|aus)|von .{2,60} gesendet|diese nachricht wurde von mein",
    r"outlook für .{2,20} beziehen|holen sie sich outlook",
    r"enviado (?:desde|con)|(?:obtener|consigue|descargar) outlook",
    r"envoyé (?:de|depuis|à partir|avec)|(?:obtenir|télécharger) outlook|provenance : courrier",
    r"enviado (?:do|da|a partir|de meu|pelo|por)|(?:obter|obtenha|baixe) o outlook",
    r"(?:verstuurd|verzonden) (?:vanaf|met|via)|outlook voor .{2,20}",
    before=r"\s*[(\[]?",
    after=r"\b.{0,80}",
)
CLOSING = _any(
    r"(?:(?:kind|best|warm|warmest|many|with kind|with best) )?(?:regards|wishes)",
    r"(?:yours )?(?:sincerely|faithfully|truly)|yours|cheers|all the best|best|br|kr",
    r"(?:mit |viele |liebe |beste |schöne |herzliche )?(?:freundliche[nr] |besten |lieben |herzlichen )?"
    r"gr(?:üß|üss|uß|uss)e?n?(?: aus \w{2,30})?|hochachtungsvoll|mfg|lg|vg",
    r"(?:un |muchos |cordiales |con un |reciban? un )?(?:cordial )?(?:saludos?|abrazo)(?: cordiales)?|atentamente|atte",
    r"(?:bien |très )?cordialement|sincèrement|bien à (?:vous|toi)|cdlt",
    r"(?:meilleures |sincères |cordiales )?salutations(?: distinguées)?",
    r"atenciosamente|att|(?:os meus |com os melhores |melhores |com )?cumprimentos|(?:um )?abraços?",
    r"(?:met )?(?:hartelijke |vriendelijke )?(?:groet|groeten|groetjes)|mvg|hoogachtend",
    before=r"\s*",
    after=r"\s*[,.!]{0,2}\s*",
)
DISCLAIMER = _any(
    r"disclaimer|confidentiality not(?:ic)?e|privileged|caution:|warning: this e-?mail|please consider the environment",
    r"this (?:e-?mail|message|communication)(?: and any| is| may|,| \()",
    r"the (?:information|contents?) (?:contained )?(?:in|of) this (?:e-?mail|message)",
    r"diese (?:e-?mail|nachricht) (?:enthält|ist|kann|und)|der inhalt dieser e-?mail",
    r"este (?:correo|mensaje)(?: electrónico)?(?: y| contiene| es| puede|,)|aviso legal",
    r"ce(?:t)? (?:message|courriel|e?-?mail)(?: et| est| peut|,)|avis de confidentialité",
    r"est[ea] (?:mensagem|e-?mail) (?:e|pode|é|contém)|aviso de confidencialidade",
    r"d(?:it|eze) (?:e-?mail)?(?:bericht)? (?:is|en|kan)|de informatie in d(?:it|eze) (?:e-?mail|bericht)",
    before=r"\s*[*(\[]{0,2}",
    after=r"\b.{0,2000}",
)

AUTOMATIC_SUBJECT = _any(
    r"automatic reply|auto(?:matic)?[ -]?(?:reply|response|respond[er]+)|autosvar|out of (?:the )?office|ooo\b",
    r"on (?:vacation|holiday|leave)|ticket (?:received|created)|we (?:have )?received your (?:e-?mail|message|request)",
    r"undeliver(?:able|ed)|delivery (?:status notification|failure|has failed)|returned mail|mail delivery",
    r"abwesenheit|automatische (?:antwort|abwesenheits)|ich bin (?:nicht im büro|im urlaub)|unzustellbar",
    r"respuesta automática|fuera de (?:la )?oficina|no se puede entregar",
    r"réponse automatique|absence du bureau|absen(?:t|ce)\b|non remis",
    r"resposta automática|ausência|fora do escritório|não entregue",
    r"automatisch antwoord|afwezig|onbestelbaar",
    r"(?:read|gelesen|leído|lu|lida|gelezen) ?:",
    before=r"\s*(?:(?:re|aw|sv|res|antw|rv|tr)\s*:\s*)?\[?",
)
AWAY = _any(
    r"i(?: am| will be|['’]m) (?:currently |now )?(?:out of (?:the |my )?office|on (?:annual |sick |\w+ )?"
    r"(?:leave|vacation|holiday))",
    r"ich bin (?:derzeit |momentan |zurzeit |aktuell |(?:bis|vom|ab) .{3,60} )?"
    r"(?:nicht im (?:büro|haus)|außer haus|im urlaub|abwesend|nicht erreichbar)",
    r"(?:estoy|estaré|me encuentro) (?:actualmente )?(?:fuera de (?:la |mi )?oficina|ausente|de vacaciones)",
    r"je (?:suis|serai) (?:actuellement )?(?:absente?|en congés?|en vacances|hors du bureau)",
    r"(?:estou|estarei) (?:atualmente )?(?:ausente|de férias|fora do escritório)",
    r"ik ben (?:momenteel |op dit moment |tot .{3,40} )?"
    r"(?:afwezig|niet aanwezig|met vakantie|met verlof|niet op kantoor)",
    before=r"\b",
    after=r"\b",
)

STOP_WORDS = frozenset(
    phrase
    for line in (
        "stop|please stop|stop please|unsubscribe|unsubscribe me|please unsubscribe",
        "opt out|optout|opt me out|remove me",
        "stopp|abmelden|bitte abmelden|abbestellen|austragen",
        "baja|darme de baja|dar de baja|cancelar suscripción|no más correos",
        "désabonner|me désabonner|se désabonner|désinscrire|désinscription|désabonnement|stop svp|arrêt",
        "descadastrar|cancelar inscrição|cancelar subscrição|parar|remover",
        "afmelden|uitschrijven|stoppen",
    )
    for phrase in line.split("|")
)
STOP_SENTENCE = _any(
    r"unsubscribe(?: me| us| this)?|remove (?:me|us|my (?:e-?mail|address))|take (?:me|us|my \w+) off",
    r"opt (?:me|us) out",
    r"stop (?:e-?mailing|asking|sending|writing to|contacting|surveying) (?:me|us)|stop (?:these|the|all|your) "
    r"(?:e-?mails?|surveys?|questions)|stop sending (?:these|e-?mails|surveys)",
    r"(?:no more|never again) (?:e-?mails?|surveys?)|do(?:n['’]t| not) (?:e-?mail|ask|contact|write to|send) (?:me|us)",
    r"i (?:want|would like|wish) to (?:unsubscribe|opt out)",
    r"bitte .{0,30}(?:abmelden|austragen|abbestellen)|meld(?:en|e) sie mich .{0,20}ab\b|(?:ich )?melde mich ab",
    r"(?:bitte )?(?:schicken sie mir )?(?:keine|nie wieder) .{0,15}(?:mails?|e-mails?|umfragen|anfragen)(?: mehr)?",
    r"d(?:en|e)me de baja|quiero darme de baja|no (?:me )?(?:env[ií]en|manden|escriban|pregunten)",
    r"(?:merci de |veuillez )?(?:me désabonner|me désinscrire|ne plus m['’](?:envoyer|écrire|interroger))",
    r"(?:désabonnez|désinscrivez)-moi|arrêtez de m['’](?:envoyer|écrire)|arrêtez vos (?:e-?mails?|courriels|enquêtes)",
    r"remov(?:a|am)-?me|retirem? o meu|não me (?:enviem|mandem|escrevam|perguntem)|cancel(?:e|em) a minha",
    r"(?:graag |gelieve |wil je |wilt u )?(?:mij |me )?(?:afmelden|uitschrijven)|schrijf (?:mij|me) uit",
    r"stuur (?:mij|me) (?:geen|niet)|geen .{0,15}(?:mails?|enquêtes|vragen) meer",
    before=r"(?:please |kindly |can you |could you |just |and |also |so |por favor,? |merci,? )*",
    after=r"\b",
)
RATING = _any(
    r"(?P<rating>[1-5])\s*(?:/|out of|of|von|sur|de|em|van|op)\s*5",
    before=r"(?:(?:my |our )?(?:rating|score|note|nota|bewertung|cijfer|puntuación)\s*(?:is|:|ist|es|est|é)?\s*)?",
    after=r"(?:\s*(?:stars?|sternen?|estrellas?|étoiles?|estrelas?|sterren))?",
)
