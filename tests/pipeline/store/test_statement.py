"""What readers may ask: read from the text, and held by the engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from touchline.pipeline.store import QueryError, Store, open_store
from touchline.pipeline.store.statement import split


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for all of these: nothing here can change it."""
    with open_store(tmp_path_factory.mktemp("statements")) as opened:
        yield opened


def refused(store: Store, sql: str) -> QueryError:
    """The error with which a statement is refused."""
    with pytest.raises(QueryError) as caught:
        store.query(sql)
    return caught.value


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        " ( SELECT 1 ) ; ",
        "-- a comment; with INTO OUTFILE\nSELECT 1 // file('x')",
        "/* INSERT */ WITH 1 AS one SELECT one",
        "SHOW TABLES",
        "DESCRIBE TABLE events",
        "DESC (SELECT 1)",
        "EXPLAIN SELECT 1",
        "EXISTS events",
        "SELECT 'a;b', 'it''s', 'it\\'s', \"one\" FROM (SELECT 1 AS one)",
        "SELECT $$;$$, $a$ ' $a$",
        "SELECT arrayMap(file -> file + 1, [1]) AS `file`",
        "SELECT format('{} {}', number, a) FROM numbers(2) AS one, values('a Int8', 1) AS two",
    ],
)
def test_reading_is_answered(store: Store, sql: str) -> None:
    """Statements that only read the store pass, whatever they say in text and comments."""
    assert store.query(sql).column_names


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO events (id) VALUES ('x')",
        "CREATE TABLE mine (a Int8) ENGINE = Memory",
        "DROP TABLE events",
        "TRUNCATE TABLE events",
        "ALTER TABLE events DELETE WHERE 1",
        "OPTIMIZE TABLE events FINAL",
        "SET readonly = 0",
        "USE system",
        "KILL QUERY WHERE 1",
        "SYSTEM FLUSH LOGS",
        "BACKUP TABLE events TO File('x')",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE events",
        "SELECT 1 SETTINGS readonly = 0",
        "SELECT 1 SETTINGS max_execution_time = 0",
        "SELECT * FROM events SETTINGS max_result_rows = 0 FORMAT JSON",
        "SELECT 1 INTO OUTFILE '{outside}'",
        "SELECT 1 INTO /* here */ outfile '{outside}' FORMAT CSV",
        "EXPLAIN SELECT 1 INTO OUTFILE '{outside}'",
        "SELECT file('{secret}')",
        "SELECT `file`('{secret}')",
        "SELECT \"file\"('{secret}')",
        "SELECT `\\x66ile`('{secret}')",
        "SELECT file -- here\n ('{secret}')",
        "SELECT 1 // '\n, file('{secret}') -- '",
        "SELECT 1 # '\n, file('{secret}') -- '",
        "SELECT 1 /* /* ' */ */, file('{secret}') -- '",
        "SELECT 1 AS a$$ ' $$, file('{secret}') -- '",
        "SELECT 'a\\'', file('{secret}') -- '",
        "SELECT \u2018'\u2019, file('{secret}') -- '",
        "SELECT * FROM file('{secret}')",
        "SELECT * FROM view(SELECT * FROM file('{secret}'))",
        "SELECT * FROM eval('SELECT file(''{secret}'')')",
        "DESCRIBE file('{secret}')",
        "DESCRIBE TABLE url('http://127.0.0.1:1/')",
        "SELECT * FROM URL('http://127.0.0.1:1/', 'CSV', 'a Int8')",
        "SELECT * FROM remote('127.0.0.1', 'system.one')",
        "SELECT * FROM s3('http://127.0.0.1/a/b', 'CSV', 'a Int8')",
        "SELECT * FROM executable('x', 'CSV', 'a Int8', '')",
        "SELECT * FROM Python(store)",
        "SELECT hasColumnInTable('127.0.0.1', 'system', 'one', 'dummy')",
        "SELECT aiGenerate('x')",
        "1 + 1",
        ";",
        "",
        "SELECT 'not closed",
    ],
)
def test_all_else_is_refused(store: Store, tmp_path: Path, sql: str) -> None:
    """Writing, changing settings and reaching out of the store are refused, and leave nothing behind."""
    secret, outside = tmp_path / "secret.csv", tmp_path / "outside"
    secret.write_text("hidden,1\n")
    error = refused(store, sql.replace("{secret}", str(secret)).replace("{outside}", str(outside)))
    assert error.code in (62, 164)
    assert "hidden" not in str(error)
    assert not outside.exists()


def test_what_is_no_sql_is_named_with_its_place(store: Store) -> None:
    """A character that SQL does not have is an error that says where it is."""
    assert "failed at position 8" in str(refused(store, "SELECT § 1"))


def test_a_format_is_taken_from_the_end(store: Store) -> None:
    """`FORMAT …` names the format of the answer, and only there."""
    assert store.reply("SELECT 1 AS a FORMAT CSV;", "JSON").body == b"1\n"
    assert store.reply("SELECT format FROM (SELECT 1 AS format) ORDER BY format DESC", "TSV").format == "TSV"
    assert store.reply("SELECT 1 AS a FORMAT jsoneachrow", "TSV").format == "JSONEachRow"


def test_statements_end_at_semicolons_outside_of_text() -> None:
    """A text splits into its statements, comments and quoted semicolons left alone."""
    text = "SELECT ';' -- one; two\n; ;\n/* three; */\nSELECT `;`;\n-- the end;\n"
    assert split(text) == ["SELECT ';' -- one; two", "/* three; */\nSELECT `;`"]
