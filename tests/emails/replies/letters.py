"""Replies as mail programs write them, each with the words that are the sender's own."""
# ruff: noqa: E501 - the letters stand as they come

from dataclasses import dataclass

OUR_TEXT = "Hello Mona,\n\nHow did we do? Choose the link that fits.\n\n  5 Excellent\n    https://b.example/s/x?csat=5"
QUOTED = "\n".join(f"> {line}" for line in OUR_TEXT.splitlines())


@dataclass(frozen=True)
class Letter:
    name: str
    text: str
    own: str
    html: str = ""


LETTERS = (
    Letter(
        "Gmail, English, head broken over two lines",
        "It took three visits, but Ana was kind.\n\nOn Tue, Mar 10, 2026 at 12:00 PM Brightside IT\n"
        f"<reply+12-abcdefghijklmnopqrstuvwxyz@in.brightside.example> wrote:\n\n{QUOTED}\n",
        "It took three visits, but Ana was kind.",
    ),
    Letter(
        "Gmail, German",
        "Hat alles geklappt, danke!\n\nAm Di., 10. März 2026 um 12:00 Uhr schrieb Brightside IT <\n"
        f"reply+12-abcdefghijklmnopqrstuvwxyz@in.brightside.example>:\n\n{QUOTED}",
        "Hat alles geklappt, danke!",
    ),
    Letter(
        "Gmail, Spanish",
        "Muy contento.\n\nEl mar, 10 mar 2026 a las 12:00, Brightside IT (<hola@brightside.example>)\nescribió:\n\n"
        + QUOTED,
        "Muy contento.",
    ),
    Letter(
        "Gmail, French",
        "Le technicien était en retard.\n\nLe mar. 10 mars 2026 à 12:00, Brightside IT <hola@brightside.example> a\nécrit :\n\n"
        + QUOTED,
        "Le technicien était en retard.",
    ),
    Letter(
        "Gmail, Portuguese",
        "Tudo certo, obrigado.\n\nEm ter., 10 de mar. de 2026 às 12:00, Brightside IT <\nhola@brightside.example> escreveu:\n\n"
        + QUOTED,
        "Tudo certo, obrigado.",
    ),
    Letter(
        "Gmail, Dutch",
        "Prima geholpen.\n\nOp di 10 mrt 2026 om 12:00 schreef Brightside IT <hola@brightside.example>:\n\n" + QUOTED,
        "Prima geholpen.",
    ),
    Letter(
        "Apple Mail, English",
        "The printer still jams.\n\n> On 10 Mar 2026, at 12:00, Brightside IT <hola@brightside.example> wrote:\n> \n"
        + QUOTED,
        "The printer still jams.",
    ),
    Letter(
        "Apple Mail on a phone, German, with its signature",
        "Der Drucker klemmt noch.\n\nVon meinem iPhone gesendet\n\n"
        "> Am 10.03.2026 um 12:00 schrieb Brightside IT <hola@brightside.example>:\n> \n" + QUOTED,
        "Der Drucker klemmt noch.",
    ),
    Letter(
        "iPhone, French",
        "Parfait !\n\nEnvoyé de mon iPhone\n\n> Le 10 mars 2026 à 12:00, Brightside IT <hola@brightside.example> a écrit :\n"
        "> \n" + QUOTED,
        "Parfait !",
    ),
    Letter(
        "iPhone, Spanish",
        "Todo bien\n\nEnviado desde mi iPhone\n\n> El 10 mar 2026, a las 12:00, Brightside IT <hola@b.example> escribió:\n"
        + QUOTED,
        "Todo bien",
    ),
    Letter(
        "iPhone, Dutch",
        "Het duurde lang.\n\nVerstuurd vanaf mijn iPhone\n\n> Op 10 mrt 2026 om 12:00 heeft Brightside IT <hola@b.example> "
        "het volgende geschreven:\n" + QUOTED,
        "Het duurde lang.",
    ),
    Letter(
        "iPhone, Portuguese",
        "Demorou muito.\n\nEnviado do meu iPhone\n\n> No dia 10/03/2026, às 12:00, Brightside IT <h@b.example> escreveu:\n"
        + QUOTED,
        "Demorou muito.",
    ),
    Letter(
        "Outlook for Windows, English",
        "Nobody called me back.\n\nKind regards,\nMona Lind\nOffice manager | Harbour Café\nT +353 1 555 0100\n\n"
        "From: Brightside IT <hola@brightside.example>\nSent: Tuesday, March 10, 2026 12:00 PM\n"
        f"To: Mona Lind <mona@client.example>\nSubject: How did we do?\n\n{OUR_TEXT}",
        "Nobody called me back.",
    ),
    Letter(
        "Outlook, German, with a line before it and a polite end",
        "Leider zu spät.\n\nMit freundlichen Grüßen\nMona Lind\nLind GmbH\n\n________________________________\n"
        f"Von: Brightside IT <h@b.example>\nGesendet: Dienstag, 10. März 2026 12:00\nAn: Mona\nBetreff: Frage\n\n{OUR_TEXT}",
        "Leider zu spät.",
    ),
    Letter(
        "Outlook, French",
        "Bon travail.\n\nCordialement,\nMona\n\nDe : Brightside IT <h@b.example>\nEnvoyé : mardi 10 mars 2026 12:00\n"
        f"À : Mona\nObjet : Votre avis\n\n{OUR_TEXT}",
        "Bon travail.",
    ),
    Letter(
        "Outlook, Spanish",
        "Buen trato.\n\nUn saludo,\nMona\n\nDe: Brightside IT <h@b.example>\nEnviado: martes, 10 de marzo de 2026 12:00\n"
        f"Para: Mona\nAsunto: ¿Qué tal?\n\n{OUR_TEXT}",
        "Buen trato.",
    ),
    Letter(
        "Outlook, Portuguese",
        "Bom serviço.\n\nAtenciosamente,\nMona\n\nDe: Brightside IT <h@b.example>\nEnviada em: terça-feira, 10 de março de 2026\n"
        f"Para: Mona\nAssunto: Como foi?\n\n{OUR_TEXT}",
        "Bom serviço.",
    ),
    Letter(
        "Outlook, Dutch",
        "Netjes gedaan.\n\nMet vriendelijke groet,\nMona\n\nVan: Brightside IT <h@b.example>\nVerzonden: dinsdag 10 maart 2026\n"
        f"Aan: Mona\nOnderwerp: Hoe ging het?\n\n{OUR_TEXT}",
        "Netjes gedaan.",
    ),
    Letter(
        "Outlook for iOS",
        "Fine.\n\nGet Outlook for iOS<https://aka.ms/o0ukef>\n________________________________\nFrom: B <h@b.example>\n"
        f"Sent: Tuesday\nTo: Mona\nSubject: x\n\n{OUR_TEXT}",
        "Fine.",
    ),
    Letter(
        "Old Outlook",
        f"All good\n\n-----Original Message-----\nFrom: Brightside\nSent: Tuesday\n\n{OUR_TEXT}",
        "All good",
    ),
    Letter(
        "Samsung",
        "ok thanks\n\nSent from my Galaxy\n\n-------- Original message --------\nFrom: Brightside IT <h@b.example>\n"
        + OUR_TEXT,
        "ok thanks",
    ),
    Letter(
        "Yahoo",
        "Quick work.\n\n\n    On Tuesday, March 10, 2026 at 12:00:00 PM GMT+1, Brightside IT <h@b.example> wrote:  \n \n "
        + OUR_TEXT,
        "Quick work.",
    ),
    Letter(
        "Yahoo, German",
        "Schnell.\n\nAm Dienstag, 10. März 2026, 12:00:00 MEZ hat Brightside IT <h@b.example> Folgendes geschrieben:\n\n"
        + OUR_TEXT,
        "Schnell.",
    ),
    Letter(
        "Thunderbird, written below the quotation",
        f"On 10/03/2026 12:00, Brightside IT wrote:\n{QUOTED}\n\nIt was all right.\n\n-- \nMona Lind\nHarbour Café",
        "It was all right.",
    ),
    Letter(
        "Answers between the lines",
        "On 10/03/2026 12:00, Brightside IT wrote:\n> How did we do?\n\nWell.\n\n> Would you come back?\n\nYes, gladly.",
        "Well.\n\nYes, gladly.",
    ),
    Letter("No history at all", "Great job, thank you!", "Great job, thank you!"),
    Letter(
        "A date and a colon in the sender's own words",
        "On 3 March your man promised me:\nhe would call. He did not.",
        "On 3 March your man promised me:\nhe would call. He did not.",
    ),
    Letter(
        "Best is a word like others",
        "Best\nservice we ever had, and this goes on:\n" + "\n".join(f"Point {n} was good." for n in range(14)),
        "Best\nservice we ever had, and this goes on:\n" + "\n".join(f"Point {n} was good." for n in range(14)),
    ),
    Letter(
        "A disclaimer of the firm",
        "We are happy.\n\nThis email and any attachments are confidential. If you are not the intended recipient, delete it.",
        "We are happy.",
    ),
    Letter("Only a quotation", f"On 10/03/2026 12:00, Brightside IT wrote:\n{QUOTED}", ""),
    Letter("Only a signature", "\n\nSent from my iPhone\n", ""),
    Letter("Invisible characters", "\ufeffGood\u200b work\u00a0here\r\n\r\n", "Good work here"),
    Letter(
        "HTML alone, from Gmail",
        "",
        "It broke again.\n\nPlease call.",
        html='<div dir="ltr">It broke again.<div><br></div><div>Please call.</div></div><br><div class="gmail_quote">'
        '<div dir="ltr" class="gmail_attr">On Tue, B &lt;x@y&gt; wrote:<br></div><blockquote>How did we do?</blockquote></div>',
    ),
    Letter(
        "HTML alone, from Outlook",
        "",
        "Too slow & too dear.",
        html="<html><head><style>p{color:red}</style></head><body><p>Too slow &amp; too dear.</p><div id='appendonsend'></div>"
        "<hr><div id='divRplyFwdMsg'><b>From:</b> B<br><b>Sent:</b> now<br><b>To:</b> me</div><div>How did we do?</div></body>",
    ),
    Letter(
        "HTML alone, from Apple Mail, with a hidden tracker",
        "",
        "Lovely.",
        html='<body>Lovely.<br id="lineBreakAtBeginningOfSignature"><div>Mona</div><div style="display:none">track</div>'
        '<blockquote type="cite">On 10 Mar, B wrote:<br>How did we do?</blockquote></body>',
    ),
)
