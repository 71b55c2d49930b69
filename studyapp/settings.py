"""Settings, all of them from the environment (prefix BYLINE_), with defaults that fit one machine.

Everything that Byline writes lies in one folder, BYLINE_HOME (default: `var/` beside manage.py).
"""

import hashlib
import ipaddress
import re
import secrets
import tempfile
from pathlib import Path
from urllib.parse import quote

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy
from huggingface_hub.constants import HF_HUB_CACHE
from limits import parse

from studyapp.domain.prices import parse_amount, parse_prices
from studyapp.given_secrets import LEAST_KEY, LEAST_PASSWORD, read_secret, refuse_weak
from studyapp.staff_site.frame import UNFOLD  # noqa: F401  a setting, as the others here
from studyapp.web.log_lines import make_logging

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

HOME = Path(env.str("BYLINE_HOME", default=str(BASE_DIR / "var"))).resolve()
_models = env.str("BYLINE_MODELS", default="")
MODELS_URL = _models if "://" in _models else ""  # of an object store; a model is fetched into MODEL_CACHE_DIR
MODELS_DIR = (Path(_models) if _models and not MODELS_URL else HOME / "models").resolve()  # trainings write here
MODEL_CACHE_DIR = HOME / "model-cache"
EXPORTS_DIR = HOME / "exports"
REPORTS_DIR = HOME / "reports"
CORPORA_DIR = HOME / "corpora"  # files to train on; staff upload them, or copy larger ones there
TRAINING_DIR = HOME / "training"  # what is made for a ladder: articles to train on, and articles to keep out
HELD_UPLOADS_DIR = HOME / "held"  # article files between their preview and their import
LOG_DIR = HOME / "log"
HOME.mkdir(parents=True, exist_ok=True)

DEBUG = env.bool("BYLINE_DEBUG", default=False)
SERVER = env.bool("BYLINE_SERVER", default=False)  # set in the image: no secret is made up, logs are JSON
HTTPS = env.bool("BYLINE_HTTPS", default=False)  # the site is reached through https: secure cookies and HSTS


def keep_secret(name: str) -> str:
    """A secret of this machine's own folder, made at the first start and readable by its owner only."""
    path = HOME / name
    try:
        with path.open("x", encoding="utf-8") as file:
            path.chmod(0o600)
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text(encoding="utf-8")


OPENAI_URL = env.str("BYLINE_OPENAI_URL", default="")  # of an OpenAI-compatible server, as http://host:8000/v1
OPENAI_KEY = read_secret("BYLINE_OPENAI_KEY")
OPENAI_TIMEOUT = env.float("BYLINE_OPENAI_TIMEOUT", default=300.0)  # seconds that one answer may take
OPENAI_REQUESTS_PER_MINUTE = env.int("BYLINE_OPENAI_REQUESTS_PER_MINUTE", default=0)  # of all workers; 0: no limit
OPENAI_TOKENS_PER_MINUTE = env.int("BYLINE_OPENAI_TOKENS_PER_MINUTE", default=0)  # read and written; 0: no limit
try:
    OPENAI_PRICES = parse_prices(env.str("BYLINE_OPENAI_PRICES", default=""))  # as MODEL=0.15/0.60 a million tokens
    OPENAI_BUDGET = parse_amount(env.str("BYLINE_OPENAI_BUDGET", default=""))  # of each study, in the prices' currency
except ValueError as error:
    raise ImproperlyConfigured(str(error)) from None
PROLIFIC_JWKS_URL = env.str(  # the public keys of Prolific's signed links
    "BYLINE_PROLIFIC_JWKS_URL", default="https://api.prolific.com/.well-known/study/jwks.json"
)
PROLIFIC_URL = env.str("BYLINE_PROLIFIC_URL", default="https://api.prolific.com/api/v1/")
PROLIFIC_TOKEN = read_secret("BYLINE_PROLIFIC_TOKEN")  # may do all that its account may: it goes to PROLIFIC_URL only
PROLIFIC_WEBHOOK_SECRET = read_secret("BYLINE_PROLIFIC_WEBHOOK_SECRET")
PROLIFIC_TIMEOUT = env.float("BYLINE_PROLIFIC_TIMEOUT", default=20.0)  # seconds that one answer may take
HUGGING_FACE_CACHE = Path(HF_HUB_CACHE)  # set by HF_HOME or HF_HUB_CACHE, as for every tool of Hugging Face
SECRET_KEY = read_secret("BYLINE_SECRET_KEY")
# Keys the hashes by which people are known again, apart from the key that signs cookies, so that each can be changed
# alone. The older ones are looked under too; before there was a key of its own, it was the secret key.
ID_KEY = read_secret("BYLINE_ID_KEY")
if HTTPS and SECRET_KEY:  # without one, this machine's own is drawn below
    refuse_weak("BYLINE_SECRET_KEY", SECRET_KEY, least=LEAST_KEY)
if SERVER:
    refuse_weak("BYLINE_SECRET_KEY", SECRET_KEY, least=LEAST_KEY)
    refuse_weak("BYLINE_ID_KEY", ID_KEY, least=LEAST_KEY)
SECRET_KEY = SECRET_KEY or keep_secret("secret_key")
ID_KEY = ID_KEY or keep_secret("id_key")
ID_KEYS_OLD = [*filter(None, re.split(r"[\s,]+", read_secret("BYLINE_ID_KEYS_OLD"))), SECRET_KEY]
METRICS_TOKEN = read_secret("BYLINE_METRICS_TOKEN")  # empty: there is no /metrics
ALLOWED_HOSTS = [*env.list("BYLINE_HOSTS", default=[]), "localhost", "127.0.0.1", "[::1]"]  # health checks use these
CSRF_TRUSTED_ORIGINS = env.list("BYLINE_ORIGINS", default=[])
PORT = env.int("BYLINE_PORT", default=8000)
SITE_URL = env.str("BYLINE_SITE_URL", default=f"http://localhost:{PORT}")  # as participants reach it; printed in links

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.humanize",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "guardian",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "studyapp.apps.StudyConfig",
]
MIDDLEWARE = [
    "studyapp.web.request_log.RequestLog",
    "studyapp.web.probes.AnswerByAddress",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "studyapp.web.nul_bytes.RefuseNulBytes",
    "studyapp.participant_site.framing.FramedStudies",
    "studyapp.participant_site.languages.KeepLanguage",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "studyapp.web.body_sizes.BoundBodies",
    "django_otp.middleware.OTPMiddleware",
    "studyapp.staff_site.second_factor.SecondFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "studyapp.urls"
WSGI_APPLICATION = "studyapp.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- database: one SQLite file, or DATABASE_URL (postgres://…) ---------------------------------------------------
DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{HOME / 'db.sqlite3'}")}
if database_password := read_secret("BYLINE_DATABASE_PASSWORD"):
    DATABASES["default"]["PASSWORD"] = database_password
if SERVER and (database_host := DATABASES["default"].get("HOST")) and not database_host.startswith("/"):  # no socket
    refuse_weak("BYLINE_DATABASE_PASSWORD", DATABASES["default"].get("PASSWORD", ""), least=LEAST_PASSWORD)
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Immediate transactions: a write waits for the one before it instead of failing half-way on an upgraded lock.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=30000;",
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # Prepared statements: a page asks the same questions again and again, and planning them was a third of what they
    # cost. A pooler that hands one connection's transactions to several (PgBouncer before 1.21) cannot keep them.
    DATABASES["default"].setdefault("OPTIONS", {}).update(server_side_binding=True, prepare_threshold=2)
DATABASES["default"]["CONN_MAX_AGE"] = 60
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"


# --- queue ------------------------------------------------------------------------------------------------------
def place_redis_socket() -> Path:
    """Where the local Redis listens: in HOME, or in the temporary folder where HOME's path is too long for a socket."""
    inside = HOME / "redis" / "redis.sock"
    if len(str(inside)) <= 100:  # a socket's path has room for 107 bytes
        return inside
    return Path(tempfile.gettempdir()) / f"byline-{hashlib.sha256(str(HOME).encode()).hexdigest()[:12]}.sock"


REDIS_SOCKET = place_redis_socket()
CELERY_BROKER_URL = env.str("BYLINE_BROKER_URL", default=f"redis+socket://{REDIS_SOCKET}")
if broker_password := read_secret("BYLINE_BROKER_PASSWORD"):  # for redis://HOST or rediss://HOST without one
    scheme, _, place = CELERY_BROKER_URL.partition("://")
    CELERY_BROKER_URL = f"{scheme}://:{quote(broker_password, safe='')}@{place}"
CELERY_TASK_IGNORE_RESULT = True  # the row is the truth
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Seconds, above the longest article or report. A training may last longer: its message is then delivered again, and the
# claim on its row sends that one away.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 12 * 3600}
CELERY_TASK_ROUTES = {
    "studyapp.tasks.generate_article": {"queue": "generation"},
    "studyapp.tasks.detect_texts": {"queue": "generation"},  # where the models and the accelerators are
    "studyapp.tasks.train_rung": {"queue": "training"},  # a worker of its own, so that no article waits for a training
}
TRAINING_STATE_SECONDS = env.float("BYLINE_TRAINING_STATE_SECONDS", default=20.0)  # between two saves of a run's state
CELERY_TASK_DEFAULT_QUEUE = "light"
CELERY_TIMEZONE = "UTC"
JOBS_AT_ONCE = env.int("BYLINE_JOBS_AT_ONCE", default=16)  # articles of one arm that a worker writes in one batch
STOP_SECONDS = env.float("BYLINE_STOP_SECONDS", default=20.0)  # that a worker which is told to end writes on
HEARTBEAT_TIMEOUT_SECONDS = env.int("BYLINE_HEARTBEAT_TIMEOUT", default=60)  # a job silent for longer is taken up again
CELERY_BEAT_SCHEDULE = {
    "sweep-jobs": {"task": "studyapp.tasks.sweep_jobs", "schedule": 30.0},
    "sweep-plans": {"task": "studyapp.tasks.sweep_plans", "schedule": 60.0},
    "mark-dropouts": {"task": "studyapp.tasks.mark_dropouts", "schedule": 300.0},
    "sync-prolific": {"task": "studyapp.tasks.sync_prolific", "schedule": 600.0},
}
CELERY_BEAT_SCHEDULER = "studyapp.workers.beat:SteadyScheduler"
if env.bool("BYLINE_PURGE_DAILY", default=False):  # delete what its time is over for: docs/privacy.md
    from celery.schedules import crontab

    CELERY_BEAT_SCHEDULE["purge"] = {"task": "studyapp.tasks.purge", "schedule": crontab(hour=3, minute=30)}
CELERY_BEAT_SCHEDULE_FILENAME = str(HOME / "celerybeat-schedule")

# --- who may sign in, and what a browser may do -----------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",  # roles: permissions on one study
]
ANONYMOUS_USER_NAME = None  # nobody who is not signed in has rights on a study
TWO_FACTOR_REQUIRED = env.bool("BYLINE_TWO_FACTOR_REQUIRED", default=False)  # of all staff; each may use it anyway
OTP_TOTP_ISSUER = "Byline"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("staff:study_list")


def read_limit(name: str, default: str) -> str:
    """How often something may happen, as "8 per 30 minutes"; empty: as often as one likes."""
    limit = env.str(name, default=default).strip()
    try:
        return limit if not limit or parse(limit) else ""
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {limit!r}; write it as {default!r}, or leave it empty") from None


def read_networks(name: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Addresses and networks, parted by commas, as 10.0.0.0/8."""
    try:
        return [ipaddress.ip_network(network.strip()) for network in env.list(name, default=[])]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}; write networks parted by commas, as 172.16.0.0/12") from None


TRUSTED_PROXIES = read_networks("BYLINE_TRUSTED_PROXIES")  # their word on whom they speak for is believed
SIGN_IN_LIMIT = read_limit("BYLINE_SIGN_IN_LIMIT", "8 per 30 minutes")  # wrong passwords, of an account from an address
SIGN_IN_ACCOUNT_LIMIT = read_limit("BYLINE_SIGN_IN_ACCOUNT_LIMIT", "60 per hour")  # of an account, from wherever
SIGN_IN_ADDRESS_LIMIT = read_limit(
    "BYLINE_SIGN_IN_ADDRESS_LIMIT", "60 per hour"
)  # from an address, of whichever account
ENTRY_LIMIT = read_limit("BYLINE_ENTRY_LIMIT", "600 per 10 minutes")  # arrivals without a proof, from an address
AXES_HANDLER = "studyapp.staff_site.sign_in.SignInLimits"
AXES_LOCKOUT_CALLABLE = "studyapp.staff_site.sign_in.refuse_sign_in"
AXES_ENABLE_ADMIN = False
SESSION_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "studyapp.participant_site.entry.refuse_forgery"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # asked for on the machine itself, without the proxy
SILENCED_SYSTEM_CHECKS = ["security.W021"]  # to be preloaded is for the owner of the whole domain to ask
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
# Unfold's pages evaluate Alpine expressions and carry inline styles; only signed-in staff ever load them.
STAFF_CONTENT_SECURITY_POLICY = {
    "script-src": [SELF, NONCE, "'unsafe-eval'", "'unsafe-inline'"],
    "style-src": [SELF, "'unsafe-inline'"],
    "img-src": [SELF, "data:"],
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 2**20
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 2**20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # the page that arranges a study's articles has two for each
MAX_ARTICLE_FILE_BYTES = 50 * 2**20
MAX_CORPUS_FILE_BYTES = 500 * 2**20
PARTICIPANT_COOKIE_DAYS = 60

# --- language, time, files --------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", "English"),
    ("de", "German"),
    ("es", "Spanish"),
    ("fr", "French"),
    ("zh-hans", "Simplified Chinese"),
]
LOCALE_PATHS = [Path(__file__).resolve().parent / "locale"]  # of the raters' pages alone; the staff side is in English
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("BYLINE_STATIC", default=str(HOME / "static")))  # in the image, where it was built
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = HOME / "uploads"

LOGGING = make_logging(
    level=env.str("BYLINE_LOG_LEVEL", default="INFO"),
    as_json={"": SERVER, "json": True, "plain": False}[env.str("BYLINE_LOG_FORMAT", default="")],
)

if HTTPS and DEBUG:
    raise ImproperlyConfigured("BYLINE_DEBUG must be off where BYLINE_HTTPS is on: a public site shows no tracebacks")
