from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.moderation.columns import ColumnMap, InvalidMap, column_map, parse
from tests.benchmarks.moderation.reading import InvalidData, read
from tests.benchmarks.moderation.sets import LabelledSet, find, sample, unseen

TABLE = 'id,words,verdict,topic\n1,"a kind\nword",ok,tea\n2,a hateful word,bad,\n3,,bad,tea\n'
COLUMNS = parse("text=words,label=verdict,positive=bad,group=topic,language=en,hazards=hate")


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_map_on_a_command_line_is_the_same_as_one_in_yaml() -> None:
    written = parse("text=tweet,label=class,positive=0|1,language=en,surface=prompt,skip_lines=1")

    assert written == column_map(
        {"text": "tweet", "label": "class", "positive": [0, 1], "language": "en",
         "surface": "prompt", "skip_lines": 1},
        "map.yaml",
    )  # fmt: skip
    assert written.positive == {"0", "1"}
    assert written.trained == "unknown"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("tweet", "'tweet' is not KEY=VALUE; write for example text=tweet"),
        ("text=a,label=b,positive=1,colour=red", "'colour' is no key of a map; keys are text, "),
        ("label=class,positive=1", "no column of the text; add text=COLUMN"),
        ("text=a", "give either label=COLUMN with positive=VALUE, or every=harmless"),
        ("text=a,label=b,every=harmless", "give either label=COLUMN"),
        ("text=a,label=b", "which labels mean harmful"),
        ("text=a,every=harmless,positive=1", "positive, negative, ignored need label"),
        ("text=a,label=b,positive=0|1,negative=1", "label '1' stands twice; it is one of"),
        (
            "text=a,label=b,positive=1,surface=image",
            "surface is 'image'; it is one of prompt, text",
        ),
        ("text=a,label=b,positive=1,skip_lines=two", "skip_lines is 'two'; it is a number"),
        ("text=a,text=b", "text is given twice"),
    ],
)
def test_a_wrong_map_says_what_to_write(written: str, said: str) -> None:
    with pytest.raises(InvalidMap) as refused:
        parse(written)

    assert said in str(refused.value)
    assert str(refused.value).startswith("--map")


def test_a_table_is_read_and_rows_without_text_are_counted(tmp_path: Path) -> None:
    found = read(write(tmp_path, "set.csv", TABLE), COLUMNS)

    assert [(item.text, item.is_harmful, item.group) for item in found.items] == [
        ("a kind\nword", False, "tea"),
        ("a hateful word", True, ""),
    ]
    assert {(item.language, item.surface, item.hazards) for item in found.items} == {
        ("en", "text", ("hate",))
    }
    assert found.left_out == 1


def test_json_lines_say_the_same_as_a_table(tmp_path: Path) -> None:
    lines = '{"words": "kind", "verdict": 0}\n\n{"words": "vile", "verdict": 1, "more": [1]}\n'
    columns = ColumnMap(text="words", label="verdict", positive=frozenset({"1"}))

    found = read(write(tmp_path, "set.jsonl", lines), columns)

    assert [(item.text, item.is_harmful) for item in found.items] == [
        ("kind", False),
        ("vile", True),
    ]


def test_items_may_have_hazards_and_languages_of_their_own(tmp_path: Path) -> None:
    table = "t,l,h,g\none,1,hate|violence,en\ntwo,1,,zh\nthree,0,,\n"
    columns = parse(
        "text=t,label=l,positive=1,hazard_column=h,hazards=spam,language_column=g,language=fr"
    )

    found = read(write(tmp_path, "set.csv", table), columns).items

    assert [item.hazards for item in found] == [("hate", "violence"), ("spam",), ("spam",)]
    assert [item.language for item in found] == ["en", "zh", "fr"]


def test_a_tab_separated_file_has_no_quotes_and_lines_may_be_skipped(tmp_path: Path) -> None:
    path = write(tmp_path, "set.tsv", 'about this file\ntext\tx\n"half a quote\t1\nmore\t2\n')

    found = read(path, parse("text=text,every=harmless,skip_lines=1"))

    assert [item.text for item in found.items] == ['"half a quote', "more"]
    assert not any(item.is_harmful for item in found.items)


@pytest.mark.parametrize(
    ("name", "text", "columns", "said"),
    [
        ("a.csv", TABLE, "text=tweet,label=verdict,positive=bad",
         "a.csv:1: there is no column 'tweet'; columns are 'id', 'words', 'verdict', 'topic'"),
        ("a.csv", TABLE, "text=words,label=verdict,positive=awful",
         "a.csv: no row's column 'verdict' is 'awful'; there are 'ok', 'bad'"),
        ("a.csv", TABLE, "text=words,label=verdict,positive=bad,negative=fine",
         "a.csv:3: the map does not say what 'ok' in column 'verdict' means"),
        ("a.csv", "words,verdict\n", "text=words,label=verdict,positive=bad",
         "a.csv: no row has both a text and a label"),
        ("a.csv", 'words,verdict\n"a" b,bad\n', "text=words,label=verdict,positive=bad",
         "a.csv:2: ',' expected after '\"'; quoting=none in the map"),
        ("a.jsonl", '{"t": "x", "l": 1}\nnot json\n', "text=t,label=l,positive=1",
         "a.jsonl:2: is not JSON"),
        ("a.jsonl", '{"t": "x", "l": 1}\n{"t": "x"}\n', "text=t,label=l,positive=1",
         "a.jsonl:2: there is no column 'l'; columns are 't'"),
        ("a.jsonl", "[1]\n", "text=t,label=l,positive=1", "a.jsonl:1: is no JSON object"),
        ("a.txt", "x", "text=t,every=harmful", "files end with .csv, .tsv, .jsonl"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_where_and_what_to_do(
    tmp_path: Path, name: str, text: str, columns: str, said: str
) -> None:
    with pytest.raises(InvalidData) as refused:
        read(write(tmp_path, name, text), parse(columns))

    assert said in str(refused.value)


def test_a_file_that_is_not_utf_8_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("t,l\ncaf\u00e9,1\n".encode("latin-1"))

    with pytest.raises(InvalidData, match=r"a\.csv: is not UTF-8"):
        read(tmp_path / "a.csv", parse("text=t,label=l,positive=1"))


def test_data_without_a_map_says_how_to_give_one(tmp_path: Path) -> None:
    write(tmp_path, "set.csv", TABLE)

    with pytest.raises(InvalidData, match=r"set\.csv: which column is the text.*--map"):
        find(tmp_path)
    with pytest.raises(InvalidData, match="is not there"):
        find(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidData, match=r"holds no \.csv"):
        find(tmp_path / "empty")


@pytest.mark.parametrize("name", ["map.yaml", "set.csv.map.yaml"])
def test_a_map_may_lie_beside_the_data(tmp_path: Path, name: str) -> None:
    write(tmp_path, "set.csv", TABLE)
    write(tmp_path, name, "text: words\nlabel: verdict\npositive: bad\ntrained: none\n")

    (one,) = find(tmp_path)

    assert one.name == "set"
    assert one.is_cross_set
    assert len(sample(one, limit=0, seed=7).items) == 2


def test_a_wrong_map_beside_the_data_is_named(tmp_path: Path) -> None:
    write(tmp_path, "set.csv", TABLE)
    write(tmp_path, "map.yaml", "text: [words\n")

    with pytest.raises(InvalidMap, match=r"map\.yaml: is not YAML"):
        find(tmp_path)


def test_known_sets_are_found_by_the_names_of_their_folders(tmp_path: Path) -> None:
    for name in ("davidson-hate", "cold-zh-dev", "something-else"):
        (tmp_path / name).mkdir()
    write(tmp_path / "davidson-hate", "labeled_data.csv", ",class,tweet\n0,0,bad\n1,2,good\n")
    write(tmp_path / "cold-zh-dev", "dev.csv", "\ufeff,split,topic,label,TEXT\n1,dev,race,1,坏\n")

    posts, tweets, hate = find(tmp_path)

    assert (posts.name, posts.is_crossed, posts.is_cross_set) == ("cold-zh-dev", True, False)
    assert (tweets.name, hate.name) == ("davidson-hate", "davidson-hate-only")
    (file,) = find(tmp_path / "davidson-hate" / "labeled_data.csv")
    assert file.parts == tweets.parts
    with pytest.raises(InvalidData, match="no row's column 'class' is '1'"):
        sample(tweets, limit=0, seed=7)
    assert all(one.is_crossed for one in find(tmp_path, is_crossed=True))
    marked = unseen([posts, tweets], ["davidson-hate"])
    assert [one.is_cross_set for one in marked] == [False, True]
    with pytest.raises(InvalidData, match="no set here has that name; there are cold-zh-dev"):
        unseen([posts], ["davidson-hate"])


def test_a_sample_is_drawn_by_its_seed_and_keeps_the_order(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "t\n" + "".join(f"text {number:03}\n" for number in range(50)))
    (one,) = find(path, parse("text=t,every=harmless"))

    def texts(seed: int) -> list[str]:
        return [item.text for item in sample(one, limit=10, seed=seed).items]

    assert texts(7) == texts(7) == sorted(texts(7))
    assert texts(7) != texts(8)
    assert len(texts(7)) == 10
    assert sample(one, limit=10, seed=7).whole == 50


def test_labels_may_be_left_out_and_files_group_what_has_no_group(tmp_path: Path) -> None:
    table = "t,l\nvile,1\nunclear,9\nkind,0\n"
    columns = parse("text=t,label=l,positive=1,negative=0,ignored=9")
    paths = [write(tmp_path, name, table) for name in ("one.csv", "two.csv")]
    both = LabelledSet("both", tuple((path, columns) for path in paths))

    found = sample(both, limit=0, seed=7)

    assert [(item.text, item.group) for item in found.items] == [
        ("vile", "one"),
        ("kind", "one"),
        ("vile", "two"),
        ("kind", "two"),
    ]
