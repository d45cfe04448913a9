"""The topic catalogue."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from chertctl.__main__ import app
from chertctl.catalogue import Catalogue, read
from chertctl.cluster import compare

FILE = Path(__file__).parents[3] / "deploy" / "topics.yaml"


@pytest.fixture
def catalogue() -> Catalogue:
    """The catalogue that is shipped."""
    return read(FILE)


def test_every_consumer_has_a_dead_letter_topic(catalogue: Catalogue) -> None:
    """For each consumer of a topic there is a dead-letter topic with as many partitions and twice the size."""
    topics = {topic.name: topic for topic in catalogue.wanted(brokers=3)}

    for name, entry in catalogue.topics.items():
        for group in entry.consumers:
            letters = topics[f"{name}.{group}.dlq"]

            assert topics[name].partitions == letters.partitions
            assert 2 * int(topics[name].config["max.message.bytes"]) == int(letters.config["max.message.bytes"])


def test_a_small_cluster_gets_as_many_copies_as_it_has_brokers(catalogue: Catalogue) -> None:
    """Replication and in-sync replicas never exceed the number of brokers."""
    topics = catalogue.wanted(brokers=1)

    assert {1} == {topic.replication_factor for topic in topics}
    assert {"1"} == {topic.config["min.insync.replicas"] for topic in topics}


def test_only_compacted_topics_keep_longer_than_two_weeks(catalogue: Catalogue) -> None:
    """A topic is compacted or ages out within 14 days."""
    for topic in catalogue.wanted(brokers=3):
        kept = int(topic.config.get("retention.ms", 0))

        assert (topic.config["cleanup.policy"] == "compact") == (kept == 0)
        assert kept <= 14 * 86_400_000


def test_an_unknown_member_is_refused(tmp_path: Path) -> None:
    """A catalogue with a misspelt member is refused, not half understood."""
    file = tmp_path / "topics.yaml"
    file.write_text(FILE.read_text().replace("partitions: 12", "partition: 12"))

    with pytest.raises(ValidationError):
        read(file)


def test_a_missing_file_is_named() -> None:
    """A catalogue that is not there is named, with the remedy, and the exit code is 1."""
    result = CliRunner().invoke(app, ["topics", "create", "-b", "localhost:1", "-f", "absent.yaml"])

    assert result.exit_code == 1
    assert "There is no absent.yaml. Name the catalogue with --file." in result.stderr


def test_a_broker_that_does_not_answer_is_said_so() -> None:
    """An address where no broker listens gives a sentence, not a traceback, and the exit code is 1."""
    result = CliRunner().invoke(app, ["topics", "diff", "-b", "127.0.0.1:1", "-f", str(FILE)])

    assert result.exit_code == 1
    assert "Kafka does not answer" in result.stderr


def test_too_few_partitions_or_copies_are_told(catalogue: Catalogue) -> None:
    """Fewer partitions than wanted, or one partition with fewer copies, are differences; a third copy is none."""
    topic = next(one for one in catalogue.wanted(brokers=3) if one.name == "message.received")
    right = [topic.replication_factor] * topic.partitions

    assert [] == compare(topic, right, topic.config)
    assert [] == compare(topic, [copies + 1 for copies in right], topic.config)
    assert ["partitions"] == [one.what for one in compare(topic, right[1:], topic.config)]
    assert [("replicas", "3", "2")] == [
        (one.what, one.wanted, one.found) for one in compare(topic, [2, *right[1:]], topic.config)
    ]
