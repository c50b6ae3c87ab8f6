"""What readers may ask: read from the text, and held by the engine."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import process_time

import pytest

from touchline.store import QueryError, Store, open_store
from touchline.store.clickhouse_http.request import QUERY_BYTES
from touchline.store.sql.functions import FUNCTIONS_REFUSED
from touchline.store.sql.tokens import split


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
        "SELECT arrayMap(one -> one + 1, [1]) AS `files`, true ? 1 : identifier FROM occurrences",
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
        "SELECT * APPLY file FROM (SELECT '{secret}' AS a)",
        "SELECT * APPLY \"file\" FROM (SELECT '{secret}' AS a)",
        "SELECT * APPLY `fi\\x6ce` FROM (SELECT '{secret}' AS a)",
        "SELECT COLUMNS('a') APPLY /**/ FILE FROM (SELECT '{secret}' AS a)",
        "SELECT arrayMap(`file`, ['{secret}'])",
        "SELECT arrayMap(file, ['{secret}'])",
        "WITH file AS f SELECT arrayMap(f, ['{secret}'])",
        "SELECT arrayMap(aiGenerate, ['x'])",
        "SELECT arrayMap(reverseDNSQuery, ['127.0.0.1'])",
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


def test_a_parameter_names_no_function(store: Store, tmp_path: Path) -> None:
    """A parameter of type Identifier is refused: its value could be a function that reads files."""
    secret = tmp_path / "secret.csv"
    secret.write_text("hidden,1\n")
    for named in ("{f:Identifier}", "{f: /**/ identifier}", "{`f`:`Identifier`}"):
        with pytest.raises(QueryError) as caught:
            store.reply(f"SELECT arrayMap({named}, ['{secret}'])", "TSV", {"f": "file"})
        assert caught.value.code in (62, 164)


def test_the_name_of_a_table_is_no_path(store: Store, tmp_path: Path) -> None:
    """A file is not read as a table, and no query tells whether it is there."""
    secret = tmp_path / "secret.csv"
    secret.write_text("hidden,1\n")
    for database in ("", "default."):
        assert store.query(f"EXISTS TABLE {database}`{secret}`").result_rows == [[0]]
        assert refused(store, f"SELECT * FROM {database}`{secret}`").code == 60
    assert refused(store, f"SELECT * FROM '{secret}'").code == 60
    with pytest.raises(QueryError):
        store.reply(f"SELECT * FROM `{secret}`", "TSV", database="default")
    assert store.reply(f"EXISTS TABLE `{secret}`", "TSV", database="default").body == b"0\n"


def test_every_function_that_reaches_out_is_refused(store: Store) -> None:
    """The engine has no function of the families that read files or query hosts which is not refused."""
    families = "^(?i:ai[A-Z]|addressTo|.*file$|.*dns|.*certificate)"
    sql = "SELECT DISTINCT lower(name) FROM system.functions WHERE match(name, {families:String})"
    found = {row[0] for row in store.query(sql, {"families": families}).result_rows}
    assert "file" in found
    assert found <= FUNCTIONS_REFUSED


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


@pytest.mark.parametrize("part", ["/* ", "$a$ ", "' ''", "`` ", '""', "-- ", "( "])
def test_the_longest_query_is_read_in_a_moment(part: str) -> None:
    """Reading a text takes time linear in its length, also where it is no SQL."""
    begin = process_time()
    with suppress(QueryError):
        split(part * (QUERY_BYTES // len(part)))
    assert process_time() - begin < 5
