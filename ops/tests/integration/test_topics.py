"""`chertctl topics` against the real Kafka."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from chertctl.__main__ import app

FILE = Path(__file__).parents[3] / "deploy" / "topics.yaml"
pytestmark = pytest.mark.integration


def topics(verb: str, bootstrap: str, *more: str, file: Path = FILE) -> Result:
    """Run one verb."""
    return CliRunner().invoke(app, ["topics", verb, "-b", bootstrap, "-f", str(file), "--json", *more])


def test_create_makes_what_is_missing_and_diff_agrees(kafka_bootstrap: str) -> None:
    """A dry run makes nothing, a create makes all, a second one makes none, and then nothing differs."""
    announced = json.loads(topics("create", kafka_bootstrap, "--dry-run").stdout)["created"]
    made = json.loads(topics("create", kafka_bootstrap).stdout)["created"]
    again = json.loads(topics("create", kafka_bootstrap).stdout)

    assert announced == made
    assert "message.received.timeline.dlq" in made
    assert again["created"] == []
    assert sorted(made) == sorted(again["existing"])

    difference = topics("diff", kafka_bootstrap)

    assert json.loads(difference.stdout) == []
    assert difference.exit_code == 0


def test_diff_names_each_difference(kafka_bootstrap: str, tmp_path: Path) -> None:
    """A topic with other partitions or settings than the catalogue says is named, and the exit code is 3."""
    topics("create", kafka_bootstrap)
    other = tmp_path / "topics.yaml"
    other.write_text(FILE.read_text().replace("partitions: 12", "partitions: 13").replace("_days: 14 ", "_days: 13 "))

    difference = topics("diff", kafka_bootstrap, file=other)
    found = {(row["topic"], row["what"]): (row["wanted"], row["found"]) for row in json.loads(difference.stdout)}

    assert difference.exit_code == 3
    assert found["message.received", "partitions"] == ("13", "12")
    assert found["message.sent", "retention.ms"] == ("1123200000", "1209600000")
