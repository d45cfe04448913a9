"""`chertctl topics` against the real Kafka."""

import json
import re
import uuid
from pathlib import Path

import pytest
from tests.e2e._golden import same_as_golden
from typer.testing import CliRunner, Result

from chertctl.__main__ import app

FILE = Path(__file__).parents[3] / "deploy" / "topics.yaml"
pytestmark = pytest.mark.integration


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The catalogue under names of this test's own: others use the same Kafka."""
    prefix = f"t{uuid.uuid4().hex}"
    renamed = tmp_path / "topics.yaml"
    renamed.write_text(re.sub(r"^  (\w+\.\w+):$", rf"  {prefix}.\1:", FILE.read_text(), flags=re.MULTILINE))
    return renamed


def topics(verb: str, bootstrap: str, file: Path, *more: str) -> Result:
    """Run one verb."""
    return CliRunner().invoke(app, ["topics", verb, "-b", bootstrap, "-f", str(file), "--json", *more])


def test_create_makes_what_is_missing_and_diff_agrees(kafka_bootstrap: str, file: Path) -> None:
    """A dry run makes nothing, a create makes all, a second one makes none, and then nothing differs."""
    announced = json.loads(topics("create", kafka_bootstrap, file, "--dry-run").stdout)["created"]
    created = topics("create", kafka_bootstrap, file).stdout
    same_as_golden("topics-create", json.loads(re.sub(r"\bt[0-9a-f]{32}\.", "", created)))
    made = json.loads(created)["created"]
    again = json.loads(topics("create", kafka_bootstrap, file).stdout)

    assert announced == made
    assert [name for name in made if name.endswith(".message.received.timeline.dlq")]
    assert again["created"] == []
    assert sorted(made) == sorted(again["existing"])

    difference = topics("diff", kafka_bootstrap, file)

    assert json.loads(difference.stdout) == []
    assert difference.exit_code == 0


def test_diff_names_each_difference(kafka_bootstrap: str, file: Path) -> None:
    """A topic with other partitions or settings than the catalogue says is named, and the exit code is 3."""
    topics("create", kafka_bootstrap, file)
    file.write_text(file.read_text().replace("partitions: 12", "partitions: 13").replace("_days: 14 ", "_days: 13 "))

    difference = topics("diff", kafka_bootstrap, file)
    found = {
        (row["topic"].partition(".")[2], row["what"]): (row["wanted"], row["found"])
        for row in json.loads(difference.stdout)
    }

    same_as_golden("topics-diff", json.loads(re.sub(r"\bt[0-9a-f]{32}\.", "", difference.stdout)))
    assert difference.exit_code == 3
    assert found["message.received", "partitions"] == ("13", "12")
    assert found["message.sent", "retention.ms"] == ("1123200000", "1209600000")
