"""Credentials are told from their form or their name; what is none stays as it is."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.run.masking import beginning_without_secrets, without_secrets

SECRET = "s3cret"
ADDRESSES = {
    f"https://oauth2:{SECRET}@git.example/a/b.git": "https://…git.example/a/b.git",
    f"https://{SECRET}@git.example/a": "https://…git.example/a",
    f"https://bot:pass/{SECRET}@git.example/a": "https://…git.example/a",
    f"https://bot:pa@{SECRET}@git.example/a": "https://…git.example/a",
    f"https://bot:pass?{SECRET}@git.example/a": "https://…git.example/a",
    f'"git+https://x:{SECRET}@git.example/o/p@main?{SECRET}" next': (
        '"git+https://…git.example/o/p@main…" next'
    ),
    f"https://b.s3.amazonaws.com/k?X-Amz-Signature={SECRET}, tried": (
        "https://b.s3.amazonaws.com/k… tried"
    ),
    f'{{"url":"https://a.io/b?s={SECRET}","or":"https://b.io?{SECRET}"}}': (
        '{"url":"https://a.io/b…","or":"https://b.io…"}'
    ),
    f"snowflake://me:{SECRET}@org-account/db?warehouse=w": "snowflake://…org-account/db…",
    f"redshift+psycopg2://me:p@{SECRET}@host/db": "redshift+psycopg2://…host/db",
    f"jdbc:redshift://c.eu.example:5439/db?user=u&password={SECRET}": (
        "jdbc:redshift://c.eu.example:5439/db…"
    ),
    f"postgresql://u:{SECRET}@localhost:5432/db": "postgresql://…localhost:5432/db",
    f"clone bot:{SECRET}@git.example:a/b": "clone …git.example:a/b",
}
NAMED = {
    f"password: {SECRET}": "password: …",
    f"PGPASSWORD={SECRET} psql": "PGPASSWORD=… psql",
    f'"password": "a\\"{SECRET}", "x": 1': '"password": "…", "x": 1',
    f'{{\\"password\\": \\"{SECRET}\\", \\"x\\": 1}}': '{\\"password\\": \\"…\\", \\"x\\": 1}',
    f"{{'apiToken': '{SECRET}', 'user': 'x'}}": "{'apiToken': '…', 'user': 'x'}",
    f"Server=x;Uid=sa;Pwd=a,{SECRET};Database=d": "Server=x;Uid=sa;Pwd=…;Database=d",
    f"Driver=x;Pwd={{a;{SECRET}}};Database=d": "Driver=x;Pwd=…;Database=d",
    f"AccountName=x;AccountKey={SECRET}==;Suffix=y": "AccountName=x;AccountKey=…;Suffix=y",
    f"dbt run --vars '{{token: {SECRET}, x: y}}'": "dbt run --vars '{token: …, x: y}'",
    f"dbt --password {SECRET} --target prod": "dbt --password … --target prod",
    f"x --api-key={SECRET}": "x --api-key=…",
    f"aws_secret_access_key = {SECRET}": "aws_secret_access_key = …",
    f"export DBT_ENV_SECRET_GIT={SECRET}": "export DBT_ENV_SECRET_GIT=…",
    f"private_key_passphrase: '{SECRET}'": "private_key_passphrase: '…'",
    f"?sv=2022&sig={SECRET}&se=1": "?sv=2022&sig=…&se=1",
    f"X-API-KEY: {SECRET}": "X-API-KEY: …",
    f"Authorization: Token {SECRET}": "Authorization: …",
    f'curl -H "Authorization: Bearer {SECRET}" x': 'curl -H "Authorization: …" x',
    f"proxy says Basic {SECRET}dXNlcg==": "proxy says Basic …",
    f"sent Bearer {SECRET}{SECRET}": "sent Bearer …",
    f"client_secret => '{SECRET}'": "client_secret => '…'",
}
TOKENS = [
    "ghp_0123456789abcdefghijABCDEFGHIJ012345",
    "github_pat_11ABCDEFG0abcdefghijkl_0123456789",
    "ghs_0123456789abcdefghij",
    "glpat-AbCdEfGhIjKlMnOpQrSt",
    "glpat-AbCdEfGhIjKlMnOpQrSt.01.0z1abcdef",
    "xoxb-123456789012-abcdefghij",
    "xoxe.xoxp-1-abcdefghijklm",
    "xapp-1-A0123-4567-abcdef",
    "https://hooks.slack.com/services/T000/B000/abcdefgh",
    "AKIAIOSFODNN7EXAMPLE",
    "ASIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "prdm_wsp_abcdef",
    "prdm_cmp_ab-cd_ef",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "dapi0123456789abcdef0123456789abcdef-3",
    "dbtc_abcdefghij_klmn",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_DEF-123",
    "AIzaSyA0123456789abcdefghijklmnopqrstuvw",
    "ATBBabcdefghijklmnop0123456789",
    "pypi-AgEIcHlwaS5vcmcCJGFiY2RlZg",
    "npm_0123456789abcdefghij",
]
HONEST = [
    "git+https://github.com/dbt-labs/dbt-core@main",
    "For more, see https://docs.getdbt.com/docs? or (https://a.io/b).",
    "Done. PASS=5 WARN=0 ERROR=1 SKIP=2 TOTAL=8",
    "Syntax error: unexpected token: SELECT",
    "Basic authentication failed; the bearer token is missing",
    'password authentication failed for user "dbt"',
    "on a.access_token = b.access_token",
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:demo/api-AbCdEf",
    "Env var required but not provided: 'DBT_ENV_SECRET_PASSWORD'",
    "password: \"{{ env_var('DBT_PASSWORD') }}\"",
    "token=None, password=$PASSWORD",
    "max_tokens: 100, primary key: id",
    "push.sh: line 3: TOKEN: unbound variable",
    "sh: 1: SNOWFLAKE_PASSWORD: parameter not set",
    "push.sh: line 3: API_KEY: parameter null or not set\nbye",
    '"macro.dbt.replace_signature": {"name": "replace_signature"}',
    "joe@example.com at 10:00:05",
    "model task-0123456789012345678901234567890",
    "10:05:12  1 of 3 ERROR creating sql table model main.orders ... [ERROR in 0.02s]",
]
KEY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n"


@pytest.mark.parametrize(("text", "told"), (ADDRESSES | NAMED).items())
def test_a_secret_is_masked_and_what_stands_around_it_stays(text: str, told: str) -> None:
    assert without_secrets(text) == told


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize(
    ("before", "behind"),
    [
        ("", ""),
        ("with '", "'"),
        ("\\n", "\\n"),
        ("x%3D", "&y"),
        ("\x1b[31m", "\x1b[0m"),
        ("x=", ","),
    ],
)
def test_a_token_is_known_by_its_beginning(token: str, before: str, behind: str) -> None:
    told = without_secrets(f"{before}{token}{behind} end")
    assert token.removeprefix("https://")[8:] not in told
    assert told.endswith(f"{behind} end")


@pytest.mark.parametrize("text", HONEST)
def test_what_is_no_secret_stays(text: str) -> None:
    assert without_secrets(text) == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"a\n-----BEGIN PRIVATE KEY-----\n{KEY}-----END PRIVATE KEY-----\nb", "a\n…\nb"),
        (f"-----BEGIN RSA PRIVATE KEY-----\n{KEY}", "…\n"),
        (f"{KEY}-----END ENCRYPTED PRIVATE KEY-----\nb", "…\nb"),
        (
            "key: '-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBg\\n-----END PRIVATE KEY-----\\n', b",
            "key: '…\\n', b",
        ),
    ],
    ids=["whole", "its end cut off", "its beginning cut off", "in JSON"],
)
def test_a_private_key_is_masked(text: str, told: str) -> None:
    assert without_secrets(text) == told


@pytest.mark.parametrize("text", [*ADDRESSES, *NAMED, *TOKENS, *HONEST])
def test_masking_twice_masks_no_more(text: str) -> None:
    assert without_secrets(without_secrets(text)) == without_secrets(text)


@given(st.text())
def test_any_text_can_be_masked(text: str) -> None:
    without_secrets(text)


def test_a_secret_over_the_place_of_a_cut_is_masked() -> None:
    text = "x" * 95 + " ghp_0123456789abcdefghij" + " y" * 100_000
    assert "ghp" not in beginning_without_secrets(text, 100)[:100]
    assert len(beginning_without_secrets(text, 100)) < 10_000


HOSTILE = [
    *("://", "https://u:p@", "[https://", "https://a.b.c.", "a:b@", "@", "a.", "\\", "= "),
    *("password=", "password", 'password="\\', "'password':\\\"", "password=a,b", 'secret\\\\"'),
    *("token ", "--token ", "- --", "sig\t", "dbt_env_secret_", "Bearer "),
    *("eyJaaaaaa-", "ghp_", "glpat-", "AKIAAAAAAAAAAAAA", "ASIA:"),
    *("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "-----END PRIVATE KEY-----A"),
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_the_time_grows_as_the_text_does(piece: str) -> None:
    """Sixteen times the text would take 256 times as long if it were read over and over."""

    def took(size: int) -> float:
        text = (piece * (size // len(piece) + 1))[:size]
        begun = time.process_time()
        without_secrets(text)
        return time.process_time() - begun

    assert took(160_000) < 64 * max(took(10_000), took(10_000), 0.005)
