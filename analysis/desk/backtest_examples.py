"""The example files of the backtest's page: a header and a few rows each, that fit together."""

EXAMPLES = {
    "jobs": (
        "source,external_id,client,client_ref,contact_name,contact_email,contact_role,kind,summary,staff,"
        "promised_at,completed_at,value,currency\n"
        "psa,1001,Harbour Café,C-17,Ana Xu,ana@harbour.example,decision-maker,Repair,Till printer repaired,"
        "Finn Lund:1,2025-03-04,2025-03-05T16:30:00+01:00,180.00,EUR\n"
        "psa,1002,Mill Street Dental,C-04,Ben Ode,ben@millstreet.example,,On-site visit,Network check,"
        "Finn Lund:0.5;Mia Roth:0.5,,2025-03-07T11:00:00+01:00,420.00,EUR\n"
    ),
    "responses": (
        "source,external_id,contact_email,submitted_at,csat,nps,ces,comment,language\n"
        'psa,1001,ana@harbour.example,2025-03-06T09:12:00+01:00,2,4,,"Nobody called back, and it took two visits.",en\n'
        "psa,1002,ben@millstreet.example,2025-03-10T08:40:00+01:00,5,9,6,Quick and friendly.,en\n"
    ),
    "lost": "client_ref,last_job_at\nC-17,2025-08-19T10:00:00+02:00\n",
}
