"""The two requests that nearly every client makes, answered before Flask is woken: the first page, the first answer.

Whatever is not plain (a second visit, a closed survey, an error, a machine) is left to `survey.views.respond`; a test
compares the two. It is on only where the application is served (`wsgi.serve_app`).
"""
